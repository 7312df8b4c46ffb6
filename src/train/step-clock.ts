import type { StepTimes } from '../graph/executable.ts'

/** Where the time of a step went, in milliseconds. */
export interface StepTime {
  /** By the GPU's own clock: null where it did not tell. */
  phases: Pick<StepTimes, 'forwardMs' | 'backwardMs' | 'updateMs'> | null
  /** What the GPU worked: the sum of its phases, or where it did not tell, what the host saw of it. */
  gpuMs: number
  /** The GPU stood still for pages of the moments. */
  pagingMs: number
  /** All else: the host was not ready, and work that is no part of a step. */
  waitingMs: number
}

/**
 * Times steps. The host sees a step's end only when its metrics arrive, two steps' at once now and then; the GPU's clock
 * tells them apart. Between a rest and the step after it only the host's clock counts: nobody worked.
 */
export class StepClock {
  private finishedAtMs = performance.now()
  /** On the GPU's clock; null after a rest and where it did not tell. */
  private endedAtMs: number | null = null
  private stallMs = 0

  /** The next step begins now: what was before belongs to none. */
  rested(): void {
    this.finishedAtMs = performance.now()
    this.endedAtMs = null
  }

  /**
   * A step's metrics have arrived.
   * @param submittedAtMs when its first command was submitted, on the host's clock
   * @param stallMs that the pager has waited for pages so far
   */
  finished(
    { times, submittedAtMs, stallMs }: { times: StepTimes | null; submittedAtMs: number; stallMs: number },
    nowMs = performance.now(),
  ): { durationMs: number; time: StepTime } {
    const durationMs = nowMs - this.finishedAtMs
    const idleMs = Math.max(0, submittedAtMs - this.finishedAtMs)
    const stalledMs = stallMs - this.stallMs
    const before = this.endedAtMs
    this.finishedAtMs = nowMs
    this.stallMs = stallMs
    this.endedAtMs = times?.endedAtMs ?? null
    if (!times) {
      const pagingMs = Math.min(stalledMs, durationMs)
      const waitingMs = Math.min(idleMs, durationMs - pagingMs)
      const gpuMs = durationMs - pagingMs - waitingMs
      return { durationMs, time: { phases: null, gpuMs, pagingMs, waitingMs } }
    }
    const { forwardMs, backwardMs, updateMs, endedAtMs } = times
    const gpuMs = forwardMs + backwardMs + updateMs
    const wholeMs = before === null ? durationMs : endedAtMs - before
    const pagingMs = Math.min(stalledMs, Math.max(0, wholeMs - gpuMs))
    const waitingMs = Math.max(0, wholeMs - gpuMs - pagingMs)
    return { durationMs, time: { phases: { forwardMs, backwardMs, updateMs }, gpuMs, pagingMs, waitingMs } }
  }
}
