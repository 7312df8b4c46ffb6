import { StudioError } from './errors.ts'

export const isCancelled = (error: unknown): boolean =>
  error instanceof StudioError && error.code === 'cancelled'

/** @throws cancelled, once `signal` is aborted */
export function throwIfCancelled(signal: AbortSignal | undefined, message: string): void {
  if (signal?.aborted) throw new StudioError('cancelled', message)
}

/** Waits for something that cannot be cut short itself. @throws cancelled as soon as `signal` is aborted */
export function unlessCancelled<T>(
  awaited: Promise<T>,
  signal: AbortSignal | undefined,
  message: string,
): Promise<T> {
  if (!signal) return awaited
  return new Promise((resolve, reject) => {
    const cancel = () => reject(new StudioError('cancelled', message))
    if (signal.aborted) cancel()
    else signal.addEventListener('abort', cancel, { once: true })
    awaited.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel))
  })
}

/** @throws cancelled as soon as `signal` is aborted */
export async function delay(ms: number, signal?: AbortSignal, message = 'The wait was cancelled') {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  try {
    await unlessCancelled(over, signal, message)
  } finally {
    clearTimeout(timer)
  }
}
