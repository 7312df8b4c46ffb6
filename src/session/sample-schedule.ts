/** A run that chooses by itself samples about so often. */
const TIMES_A_RUN = 10
/** Of the time that its steps take, at most so much goes into samples where more than the first and the last are taken. */
const MOST_TIME = 0.08

/**
 * When a run stops to answer its fixed prompts: before its first step, after every `every` steps and the last one. Null:
 * by itself, that is about ten times, fewer where that would take too much time. It only ever looks at clocks and step
 * numbers, so that what is trained is the same with samples and without.
 */
export class SampleSchedule {
  private firstMs = 0
  private betweenMs = 0
  private lastMs = 0

  constructor(
    private readonly every: number | null,
    private readonly totalSteps: number,
    /** Steps that were done before: of a run that goes on. */
    private readonly stepsDone = 0,
  ) {}

  /** `trainingMs`: what has gone by since the first step of this session, samples included. */
  isDue(step: number, trainingMs: number): boolean {
    if (step === this.totalSteps) return true
    if (this.every !== null) return this.every > 0 && step % this.every === 0
    const { firstMs, betweenMs, lastMs } = this
    const share = (step - this.stepsDone) / (this.totalSteps - this.stepsDone)
    // What is left between the first and the last, spread over the run.
    const budgetMs = (MOST_TIME * (trainingMs - betweenMs)) / share - firstMs - lastMs
    return step % Math.ceil(this.totalSteps / TIMES_A_RUN) === 0 && betweenMs + lastMs <= budgetMs * share
  }

  took(step: number, durationMs: number): void {
    this.lastMs = durationMs
    if (step === this.stepsDone) this.firstMs = durationMs
    else this.betweenMs += durationMs
  }
}
