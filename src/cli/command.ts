import type { CommandOutput } from './output.ts'
import type { EngineAccess } from './runtime.ts'

export type RuntimeName = 'chromium' | 'dawn'

/** An option as the terminal knows it. */
export interface OptionSpec {
  /** Word for the value in the usage line; without it the option is a switch. */
  value?: string
  required?: boolean
  /** Whether "" is a value too. */
  mayBeEmpty?: boolean
  help: string
}

/** What a command gets: its own options checked for presence, and the streams and engines it may use. */
export interface CommandContext {
  options: Readonly<Record<string, string | undefined>>
  switches: ReadonlySet<string>
  output: CommandOutput
  /** Opens the chosen runtime's engine; whoever runs the command closes it. */
  engines: EngineAccess
}

export interface CommandSpec {
  name: string
  summary: string
  options: Readonly<Record<string, OptionSpec>>
  /** Loaded when it runs: a command's cold start pays only for itself. */
  load(): Promise<{ run(context: CommandContext): Promise<void> }>
}
