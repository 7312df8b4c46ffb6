import { Component, type ErrorInfo, type ReactNode } from 'react'

interface Props {
  children: ReactNode
  fallback: (error: Error, place: string) => ReactNode
}

interface State {
  error: Error | null
  place: string
}

/** Shows a designed page instead of a blank one when a component throws. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, place: '' }

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override componentDidCatch(_: unknown, info: ErrorInfo): void {
    this.setState({ place: info.componentStack ?? '' })
  }

  override render(): ReactNode {
    const { error, place } = this.state
    return error ? this.props.fallback(error, place) : this.props.children
  }
}
