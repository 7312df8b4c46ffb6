import { createRuntime } from '../gpu/runtime.ts'
import type { Runtime } from '../graph/executable.ts'

/**
 * One runtime for everyone who asks, opened at the first question. After the device was lost, or could not be opened,
 * the next question opens a new one.
 */
export function sharedRuntime(
  findGpu: () => Promise<GPU>,
  create: (gpu: GPU) => Promise<Runtime> = createRuntime,
): () => Promise<Runtime> {
  let current: Promise<Runtime> | null = null
  return () => {
    if (current) return current
    const opened = findGpu().then(create)
    const forget = () => {
      if (current === opened) current = null
    }
    current = opened
    opened.then((runtime) => runtime.lost.then(forget), forget)
    return opened
  }
}
