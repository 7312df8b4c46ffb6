import type { DeviceMemory } from '../graph/device-memory.ts'
import type { MemoryMoment, RunEvent } from './events.ts'

/** Between two readings while nothing happens: at first a second, later a two-hundredth of the time passed. */
const PAUSE_MS = 1000
const READINGS = 200

/**
 * Tells what is allocated on a run's device whenever that changes, when the run turns to something else, and now and then,
 * so that a picture of it over time has its end. Events pass through it on their way.
 */
export class RunMemory {
  private readonly startedAtMs = performance.now()
  private during: MemoryMoment = 'compiling'
  private toldAtMs = Number.NEGATIVE_INFINITY
  private readonly unwatch: () => void

  constructor(
    private readonly memory: DeviceMemory,
    private readonly onEvent: (event: RunEvent) => void,
  ) {
    this.unwatch = memory.watch(() => this.tell())
  }

  readonly pass = (event: RunEvent): void => {
    const during = momentOf(event)
    if (during) {
      const now = performance.now() - this.startedAtMs
      const isDue = now - this.toldAtMs >= Math.max(PAUSE_MS, now / READINGS)
      const isNew = during !== this.during
      this.during = during
      if (isNew || isDue) this.tell()
    }
    this.onEvent(event)
  }

  end(): void {
    this.unwatch()
  }

  private tell(): void {
    const { memory, during } = this
    const atMs = performance.now() - this.startedAtMs
    this.toldAtMs = atMs
    this.onEvent({
      type: 'memory/gpu_bytes',
      atMs,
      during,
      bytes: memory.bytes,
      totalBytes: memory.totalBytes,
    })
  }
}

/** What a run is at from this event on; null where it stays at what it was. */
function momentOf(event: RunEvent): MemoryMoment | null {
  if (event.type === 'run/progress') return event.phase
  if (event.type === 'run/step' || event.type === 'run/resumed') return 'training'
  if (event.type === 'run/paused') return 'paused'
  return event.type === 'run/finished' ? 'finished' : null
}
