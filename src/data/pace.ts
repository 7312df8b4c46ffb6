/** How long work shows its progress, lets others run and is given up. */
export interface LongWork {
  /** Aborting makes the work throw the signal's reason. */
  signal?: AbortSignal
  onProgress?(done: number, total: number): void
}

/** Longest stretch between two pauses: short enough for a page that shares the thread to stay alive. */
const SLICE_MS = 30

/** A function to await between small pieces of work; it pauses for a macrotask when a slice of time is used up. */
export function paceOf(work: LongWork = {}): (done: number, total: number) => Promise<void> {
  let sliceStart = performance.now()
  return async (done, total) => {
    work.signal?.throwIfAborted()
    if (done < total && performance.now() - sliceStart < SLICE_MS) return
    work.onProgress?.(done, total)
    await new Promise((resolve) => setTimeout(resolve, 0))
    work.signal?.throwIfAborted()
    sliceStart = performance.now()
  }
}
