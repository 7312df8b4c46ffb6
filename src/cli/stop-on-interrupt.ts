import type { CommandOutput } from './output.ts'

/** A terminal's Ctrl+C reaches this process directly and through npm: signals this close together are one. */
const ONE_INTERRUPT_MS = 500

/**
 * The first Ctrl+C asks the run to stop after the step under way, so that what was learnt is kept; the next one leaves.
 */
export function stopOnInterrupt(output: CommandOutput, stop: () => Promise<unknown>): { cancel(): void } {
  let askedAt: number | undefined
  const interrupt = () => {
    const now = performance.now()
    if (askedAt === undefined) {
      askedAt = now
      output.note('stopping after this step; press Ctrl+C again to leave at once')
      stop().catch((error) =>
        output.note(
          `warning: the run could not be stopped: ${error instanceof Error ? error.message : error}`,
        ),
      )
    } else if (now - askedAt > ONE_INTERRUPT_MS) {
      // Alone again, main.ts hears the signal and closes the engine before it leaves.
      process.removeListener('SIGINT', interrupt)
      process.kill(process.pid, 'SIGINT')
    }
  }
  process.on('SIGINT', interrupt)
  return { cancel: () => process.removeListener('SIGINT', interrupt) }
}
