import { constants } from 'node:os'
import { parseInvocation } from './arguments.ts'
import { report, terminalOutput } from './output.ts'
import { engineAccess } from './runtime.ts'

/** Longest wait for a browser to close when the person wants to leave. */
const CLOSE_LIMIT_MS = 5000

/** Runs one command. @returns the exit code: 0 success, 2 bad usage or input, 1 failure while running */
async function main(args: readonly string[]): Promise<number> {
  try {
    const invocation = parseInvocation(args)
    const output = terminalOutput(invocation.kind === 'run' && invocation.json)
    if (invocation.kind === 'help') {
      output.answer(invocation.text, invocation.text)
      return 0
    }
    const { command, options, switches, runtime } = invocation
    const engines = engineAccess(runtime, output)
    const leave = leaveOnSignal(engines.close)
    try {
      const { run } = await command.load()
      await run({ options, switches, output, engines })
      return 0
    } finally {
      leave.cancel()
      await engines.close()
    }
  } catch (error) {
    return report(error)
  }
}

/**
 * Ends the process when it is asked to, after `close`. Commands may listen to SIGINT themselves (finetune stops after the
 * step under way): then only SIGTERM and SIGHUP end it here.
 */
function leaveOnSignal(close: () => Promise<void>): { cancel(): void } {
  const leave = (signal: NodeJS.Signals) => {
    if (signal === 'SIGINT' && process.listenerCount('SIGINT') > 1) return
    const end = () => process.exit(128 + constants.signals[signal])
    setTimeout(end, CLOSE_LIMIT_MS).unref()
    close().then(end, end)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, leave)
  return {
    cancel() {
      for (const signal of signals) process.off(signal, leave)
    },
  }
}

for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => process.exit(report(error)))
}

// Dawn's threads would keep the process alive.
process.exit(await main(process.argv.slice(2)))
