import type { MetricName, StepMetrics } from '../../src/session/events.ts'

/** Some steps as plain data: what is kept in the history and sent to other places. */
export interface StepChunk {
  steps: Float64Array<ArrayBuffer>
  columns: Record<string, Float64Array<ArrayBuffer>>
  /** 1 where a column has a value; only for columns that lack some. */
  present: Record<string, Uint8Array<ArrayBuffer>>
}

interface Column {
  values: Float64Array<ArrayBuffer>
  present: Uint8Array<ArrayBuffer>
}

const FIRST_CAPACITY = 256

/** What several series may share: each reads no further than its own length, so nobody sees another's additions. */
interface Shared {
  used: number
  steps: Float64Array<ArrayBuffer>
  columns: Map<string, Column>
}

/**
 * The metrics of every step in columns: 50,000 steps are a few megabytes, and one more costs what it weighs. A value:
 * `append` gives a new series and leaves this one as it is, although both share their memory. Steps rise.
 */
export class StepSeries implements Iterable<StepMetrics> {
  static readonly empty = new StepSeries(newShared(0), 0, undefined)

  private constructor(
    private readonly shared: Shared,
    readonly length: number,
    /** The latest step; the same object for as long as it is the latest. */
    readonly last: StepMetrics | undefined,
  ) {}

  static from(steps: Iterable<StepMetrics>): StepSeries {
    let series = StepSeries.empty
    for (const step of steps) series = series.append(step)
    return series
  }

  append(step: StepMetrics): StepSeries {
    const shared = this.roomFor(1)
    const index = this.length
    shared.steps[index] = step.step
    for (const [name, value] of Object.entries(step.metrics)) {
      const column = columnOf(shared, name)
      column.values[index] = value
      column.present[index] = 1
    }
    shared.used = index + 1
    return new StepSeries(shared, index + 1, step)
  }

  /** All of a chunk at once. Steps that this series already has are left out. */
  appendChunk(chunk: StepChunk): StepSeries {
    const from = this.length === 0 ? 0 : firstAbove(chunk.steps, this.stepAt(this.length - 1))
    const count = chunk.steps.length - from
    if (count === 0) return this
    const shared = this.roomFor(count)
    const at = this.length
    shared.steps.set(chunk.steps.subarray(from), at)
    for (const [name, values] of Object.entries(chunk.columns)) {
      const column = columnOf(shared, name)
      column.values.set(values.subarray(from), at)
      const present = chunk.present[name]
      if (present) column.present.set(present.subarray(from), at)
      else column.present.fill(1, at, at + count)
    }
    shared.used = at + count
    return this.upTo(shared, at + count)
  }

  /** The steps up to and including `step`: what a run that goes on from there has. */
  until(step: number): StepSeries {
    const length = firstAbove(this.steps, step)
    return length === this.length ? this : this.upTo(this.shared, length)
  }

  /** Places [from, to) as plain data of its own. */
  chunk(from = 0, to = this.length): StepChunk {
    const columns: StepChunk['columns'] = {}
    const present: StepChunk['present'] = {}
    for (const [name, column] of this.shared.columns) {
      const has = column.present.slice(from, to)
      if (!has.includes(1)) continue
      columns[name] = column.values.slice(from, to)
      if (has.includes(0)) present[name] = has
    }
    return { steps: this.shared.steps.slice(from, to), columns, present }
  }

  /** Step numbers, in order. A view: not to be written to. */
  get steps(): Float64Array<ArrayBuffer> {
    return this.shared.steps.subarray(0, this.length)
  }

  /** A metric at every place; NaN where it is absent. A view: not to be written to. */
  values(name: MetricName): Float64Array<ArrayBuffer> {
    const column = this.shared.columns.get(name)
    return column ? column.values.subarray(0, this.length) : new Float64Array(this.length).fill(Number.NaN)
  }

  /** How many values of a metric are there and are not numbers: each is a step that went wrong. */
  notFinite(name: MetricName): number {
    const column = this.shared.columns.get(name)
    if (!column) return 0
    let count = 0
    for (let index = 0; index < this.length; index++)
      if (column.present[index] === 1 && !Number.isFinite(column.values[index])) count++
    return count
  }

  has(name: MetricName): boolean {
    return this.shared.columns.get(name)?.present.subarray(0, this.length).includes(1) ?? false
  }

  /** The step at a place; negative places count from the end. */
  at(place: number): StepMetrics | undefined {
    const index = place < 0 ? this.length + place : place
    if (index < 0 || index >= this.length) return undefined
    return index === this.length - 1 ? this.last : stepIn(this.shared, index)
  }

  *[Symbol.iterator](): Iterator<StepMetrics> {
    for (let index = 0; index < this.length; index++) yield this.at(index) as StepMetrics
  }

  private stepAt(index: number): number {
    return this.shared.steps[index]
  }

  private upTo(shared: Shared, length: number): StepSeries {
    return new StepSeries(shared, length, length > 0 ? stepIn(shared, length - 1) : undefined)
  }

  /** Memory in which the places after this series are free: its own, unless another has written there or it is full. */
  private roomFor(count: number): Shared {
    const needed = this.length + count
    if (this.shared.used === this.length && this.shared.steps.length >= needed) return this.shared
    const shared = newShared(
      Math.max(FIRST_CAPACITY, this.shared.steps.length, 2 ** Math.ceil(Math.log2(needed))),
    )
    shared.steps.set(this.steps)
    for (const [name, column] of this.shared.columns) {
      const copy = columnOf(shared, name)
      copy.values.set(column.values.subarray(0, this.length))
      copy.present.set(column.present.subarray(0, this.length))
    }
    return shared
  }
}

function newShared(capacity: number): Shared {
  return { used: 0, steps: new Float64Array(capacity), columns: new Map() }
}

function columnOf(shared: Shared, name: string): Column {
  const known = shared.columns.get(name)
  if (known) return known
  const capacity = shared.steps.length
  const column = { values: new Float64Array(capacity).fill(Number.NaN), present: new Uint8Array(capacity) }
  shared.columns.set(name, column)
  return column
}

function stepIn(shared: Shared, index: number): StepMetrics {
  const metrics: Record<string, number> = {}
  for (const [name, { values, present }] of shared.columns)
    if (present[index] === 1) metrics[name] = values[index]
  return { step: shared.steps[index], metrics }
}

/** The first place whose step is above `step`. */
function firstAbove(steps: Float64Array, step: number): number {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (steps[middle] <= step) low = middle + 1
    else high = middle
  }
  return low
}
