import type { Runtime } from '../graph/executable.ts'
import { delay, throwIfCancelled, unlessCancelled } from '../util/abort.ts'
import { StudioError } from '../util/errors.ts'
import type { RunEvent } from './events.ts'

/** Whether the device went away: what was on it is gone, and another device may be had. */
export const isDeviceLoss = (error: unknown): error is StudioError =>
  error instanceof StudioError && error.code === 'device/lost'

/** Waits before each further question for a device: a driver that restarts takes a few seconds. */
const REOPEN_WAITS_MS = [0, 500, 2000, 5000, 10_000]

const CANCELLED = 'Cancelled while the GPU was away'

/** A read that fails may be heard of before the loss itself is. */
const LOSS_SETTLES_MS = 1000

/**
 * A device after `lost` has gone, as soon as there is one.
 * @throws device/gone, which says what can be done by hand; cancelled as soon as `signal` is aborted
 */
export async function reopenDevice(
  runtime: () => Promise<Runtime>,
  lost: Runtime,
  signal?: AbortSignal,
): Promise<Runtime> {
  await Promise.race([unlessCancelled(lost.lost, signal, CANCELLED), delay(LOSS_SETTLES_MS)])
  let cause: unknown
  for (const waitMs of REOPEN_WAITS_MS) {
    await delay(waitMs, signal, CANCELLED)
    try {
      return await unlessCancelled(runtime(), signal, CANCELLED)
    } catch (error) {
      throwIfCancelled(signal, CANCELLED)
      cause = error
    }
  }
  throw new StudioError('device/gone', `The GPU went away and has not come back: ${messageOf(cause)}`, {
    hint: 'Restart the browser, or the computer if that does not help. A run that has been saved can then be gone on with.',
    cause,
  })
}

/**
 * Does work on the device; if that goes away meanwhile, once more from the beginning on the next one.
 * @throws device/lost, which says what can be done, where that goes away as well
 */
export async function onDevice<T>(
  runtime: () => Promise<Runtime>,
  signal: AbortSignal | undefined,
  work: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const first = await runtime()
  try {
    return await work(first)
  } catch (error) {
    if (!isDeviceLoss(error) || signal?.aborted) throw error
    const next = await reopenDevice(runtime, first, signal)
    return work(next).catch((again) => {
      throw isDeviceLoss(again) ? lostAgain(again) : again
    })
  }
}

const lostAgain = (loss: StudioError) =>
  new StudioError('device/lost', `The GPU was lost twice in a row. ${loss.message}`, {
    hint: 'Close other programs that use the GPU, then try again; a lower sequence length or batch size asks less of it.',
    cause: loss,
  })

/**
 * The same for a text: its tokens are the same the second time (they follow from the seed), so that those told already
 * are not told again.
 */
export async function speakOnDevice<T>(
  runtime: () => Promise<Runtime>,
  { onEvent, signal }: { onEvent: (event: RunEvent) => void; signal?: AbortSignal },
  speak: (onEvent: (event: RunEvent) => void) => Promise<T>,
): Promise<T> {
  let told = 0
  return onDevice(runtime, signal, () => {
    let said = 0
    return speak((event) => {
      if (event.type !== 'generate/token') return onEvent(event)
      if (said++ < told) return
      told++
      onEvent(event)
    })
  })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
