import { type ErrorData, errorFromData, errorToData, StudioError } from '../util/errors.ts'
import type { CommandArgs, CommandName, CommandOptions, CommandResult, Engine } from './engine.ts'
import type { RunEvent } from './events.ts'

/** What crosses the boundary between an engine and its proxy, as discriminated unions of plain data. */
export type ToEngine =
  | { type: 'execute'; id: number; name: CommandName; args: unknown }
  | { type: 'cancel'; id: number }

export type FromEngine =
  | { type: 'event'; id: number; event: RunEvent }
  | { type: 'result'; id: number; result: unknown }
  | { type: 'error'; id: number; error: ErrorData }

/** One end of a message channel: a Worker, a MessagePort, or a bridge into a headless page. */
export interface Channel<Out, In> {
  send(message: Out): void
  onMessage(listener: (message: In) => void): void
}

/** Serves an engine over a channel. */
export function serveEngine(engine: Engine, channel: Channel<FromEngine, ToEngine>): void {
  const running = new Map<number, AbortController>()
  channel.onMessage(async (message) => {
    if (message.type === 'cancel') {
      running.get(message.id)?.abort(new StudioError('cancelled', 'The command was cancelled'))
      return
    }
    const { id, name, args } = message
    const abort = new AbortController()
    running.set(id, abort)
    try {
      const onEvent = (event: RunEvent) => channel.send({ type: 'event', id, event })
      const result = await engine.execute(name, args as CommandArgs<typeof name>, {
        onEvent,
        signal: abort.signal,
      })
      channel.send({ type: 'result', id, result })
    } catch (error) {
      channel.send({ type: 'error', id, error: errorToData(error) })
    } finally {
      running.delete(id)
    }
  })
}

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
  onEvent?: (event: RunEvent) => void
}

/** An engine at the other end of a channel. `fail` rejects everything under way (the worker died). */
export function proxyEngine(
  channel: Channel<ToEngine, FromEngine>,
): Engine & { fail(reason: StudioError): void } {
  let nextId = 1
  const pending = new Map<number, Pending>()
  channel.onMessage((message) => {
    const entry = pending.get(message.id)
    if (!entry) return
    if (message.type === 'event') {
      entry.onEvent?.(message.event)
      return
    }
    pending.delete(message.id)
    if (message.type === 'result') entry.resolve(message.result)
    else entry.reject(errorFromData(message.error))
  })
  return {
    execute<N extends CommandName>(
      name: N,
      args: CommandArgs<N>,
      options: CommandOptions = {},
    ): Promise<CommandResult<N>> {
      const id = nextId++
      return new Promise((resolve, reject) => {
        if (options.signal?.aborted) {
          reject(new StudioError('cancelled', `${name} was cancelled`))
          return
        }
        pending.set(id, { resolve: resolve as Pending['resolve'], reject, onEvent: options.onEvent })
        options.signal?.addEventListener('abort', () => channel.send({ type: 'cancel', id }), { once: true })
        channel.send({ type: 'execute', id, name, args })
      })
    },
    fail(reason) {
      for (const entry of pending.values()) entry.reject(reason)
      pending.clear()
    },
  }
}
