import type { StepTimes } from '../graph/executable.ts'
import { TIMES_BYTES } from '../graph/make-plan.ts'
import type { Phase } from '../graph/operation.ts'

/** Parts of a step that are told apart. Replaying a block's forward belongs to its backward. */
export type TimedPhase = 'forward' | 'backward' | 'update'

const TIMED: Record<Phase, TimedPhase | null> = {
  load: null,
  forward: 'forward',
  recompute: 'backward',
  backward: 'backward',
  update: 'update',
}

export const timedPhase = (phase: Phase): TimedPhase | null => TIMED[phase]

/** What the timer has to know of a compute pass. */
export interface TimedPass {
  phase: TimedPhase | null
  /** Whether a stretch of passes of one phase begins, or ends, with it. */
  opens: boolean
  closes: boolean
}

const NANOSECONDS_PER_MS = 1e6

/** A begin and an end, 8 bytes each. */
const BYTES_PER_SPAN = 16
const SPANS = TIMES_BYTES / BYTES_PER_SPAN

/**
 * Takes the GPU's time at both ends of compute passes. Each pass is a span of its own; after a step that had more passes
 * than there are queries, a span is a stretch of passes of one phase. Makes no GPU object after its own.
 */
export class PassTimer {
  private readonly queries: GPUQuerySet
  private readonly spans: TimedPhase[] = []
  private active = false

  /**
   * @param resolved TIMES_BYTES, QUERY_RESOLVE and COPY_SRC
   * @param byStretch from the start: where taking the time is dear
   */
  constructor(
    device: GPUDevice,
    private readonly resolved: GPUBuffer,
    private byStretch: boolean,
  ) {
    this.queries = device.createQuerySet({ label: 'times', type: 'timestamp', count: 2 * SPANS })
  }

  /** Forgets what was timed before. */
  begin(): void {
    this.spans.length = 0
    this.active = true
  }

  /** What a pass that runs next has to write; nothing while nobody asks. */
  writes({ phase, opens, closes }: TimedPass): GPUComputePassTimestampWrites | undefined {
    if (!this.active || !phase) return undefined
    const begins = opens || !this.byStretch
    const ends = closes || !this.byStretch
    if (!begins && !ends) return undefined
    if (begins && this.spans.length === SPANS) {
      this.active = false
      this.byStretch = true
      return undefined
    }
    if (begins) this.spans.push(phase)
    const query = 2 * (this.spans.length - 1)
    return {
      querySet: this.queries,
      ...(begins && { beginningOfPassWriteIndex: query }),
      ...(ends && { endOfPassWriteIndex: query + 1 }),
    }
  }

  /** Ends the timing and copies all times to `target`. Gives the phases of their spans; empty where not all were timed. */
  resolve(encoder: GPUCommandEncoder, target: GPUBuffer, offset: number): TimedPhase[] {
    const spans = this.active ? [...this.spans] : []
    this.active = false
    if (spans.length === 0) return spans
    encoder.resolveQuerySet(this.queries, 0, 2 * spans.length, this.resolved, 0)
    encoder.copyBufferToBuffer(this.resolved, 0, target, offset, spans.length * BYTES_PER_SPAN)
    return spans
  }

  destroy(): void {
    this.queries.destroy()
  }
}

export const timesBytes = (spans: readonly TimedPhase[]): number => spans.length * BYTES_PER_SPAN

/**
 * Sums spans by phase. `times` holds begin and end of each in nanoseconds; what two passes share counts once. Null where
 * they cannot be right: a time that was not taken is 0, and a clock may be set back.
 */
export function sumTimes(spans: readonly TimedPhase[], times: BigUint64Array): StepTimes | null {
  if (spans.length === 0) return null
  const sums = { forward: 0n, backward: 0n, update: 0n }
  let before = 0n
  for (const [index, phase] of spans.entries()) {
    const [begin, end] = [times[2 * index], times[2 * index + 1]]
    if (begin === 0n || begin < times[0] || end < begin || end < before) return null
    sums[phase] += end - (begin > before ? begin : before)
    before = end
  }
  const ms = (nanoseconds: bigint) => Number(nanoseconds) / NANOSECONDS_PER_MS
  return {
    forwardMs: ms(sums.forward),
    backwardMs: ms(sums.backward),
    updateMs: ms(sums.update),
    endedAtMs: ms(before),
  }
}
