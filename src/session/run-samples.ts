import type { Executable, Runtime } from '../graph/executable.ts'
import type { RunEvent } from './events.ts'
import { SampleSchedule } from './sample-schedule.ts'
import { type PlannedSamples, Samples } from './samples.ts'

interface RunSamplesOptions {
  /** Null: nothing is asked. */
  planned: PlannedSamples | null
  totalSteps: number
  stepsDone: number
  /** Of the run: one that is to end does not wait for its answers. */
  ending: AbortSignal
  onEvent: (event: RunEvent) => void
}

/** The fixed prompts of one run: when they are asked, and what is told of the answers. */
export class RunSamples {
  private readonly schedule: SampleSchedule
  private samples: Samples | null = null

  constructor(private readonly options: RunSamplesOptions) {
    const { planned, totalSteps, stepsDone } = options
    this.schedule = new SampleSchedule(planned?.every ?? null, totalSteps, stepsDone)
  }

  /** @param owner holds the weights, and must outlive this */
  async realise(owner: Executable, runtime: Runtime): Promise<void> {
    const { planned, ending, onEvent } = this.options
    if (!planned) return
    const onProgress = (done: number, total: number) =>
      onEvent({ type: 'run/progress', phase: 'compiling', done, total, unit: 'kernels' })
    this.samples = await Samples.realise(planned, owner, runtime, { onProgress, signal: ending })
  }

  get allocatedBytes(): number {
    return this.samples?.allocatedBytes ?? 0
  }

  isDue(step: number, trainingMs: number): boolean {
    return this.samples !== null && this.schedule.isDue(step, trainingMs)
  }

  /** Answers the prompts with what has been learned so far. */
  async take(step: number): Promise<void> {
    const { ending, onEvent } = this.options
    const isEnding = () => ending.aborted
    if (!this.samples || isEnding()) return
    const from = performance.now()
    const answers = await this.samples.take(isEnding, (done, total) => {
      // Between steps it is over before anybody has read it.
      if (step === 0) onEvent({ type: 'run/progress', phase: 'sampling', done, total, unit: 'prompts' })
    })
    if (!answers) return
    const durationMs = performance.now() - from
    this.schedule.took(step, durationMs)
    onEvent({ type: 'run/samples', step, answers, durationMs })
  }

  dispose(): void {
    this.samples?.dispose()
    this.samples = null
  }
}
