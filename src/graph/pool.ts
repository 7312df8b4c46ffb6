import { denseBytes, type MemoryCategory, type Tensor } from './tensor.ts'

/** WebGPU's default minStorageBufferOffsetAlignment; every range inside a shared buffer starts on a multiple of it. */
export const RANGE_ALIGNMENT = 256

export const alignRange = (bytes: number): number => Math.ceil(bytes / RANGE_ALIGNMENT) * RANGE_ALIGNMENT

/** A run of elements of a pool, in the pool's own count (f32, gaps included). */
export interface ElementRange {
  firstElement: number
  elements: number
}

/** The part of a pool that lies in one buffer. */
export interface PoolSegment extends ElementRange {
  /** Buffer key of the values; gradients are under `${key}.gradient`. */
  key: string
}

/**
 * Trainable tensors laid end to end, with a gradient pool of the same layout: zeroing, the norm and the update are
 * then a few dispatches over whole pools. Gaps of alignment stay zero. A pool that is larger than one binding goes in
 * segments, each a buffer of its own; no tensor straddles two.
 */
export class ParameterPool {
  readonly tensors: Tensor[] = []
  readonly segments: PoolSegment[] = []

  constructor(
    readonly key: string,
    private readonly category: MemoryCategory = 'adapters',
    /** What one buffer may hold. A tensor that is larger still gets a segment of its own: making the plan refuses it. */
    private readonly maxSegmentBytes = Number.POSITIVE_INFINITY,
  ) {}

  /** f32 elements of the pool, gaps included: what the update runs over. */
  get elements(): number {
    const last = this.segments.at(-1)
    return last ? last.firstElement + last.elements : 0
  }

  /** Bytes of the pool so far, alignment included. */
  get sizeBytes(): number {
    return this.elements * 4
  }

  /** f32 elements that are trained, gaps left out. */
  get trainableElements(): number {
    return this.tensors.reduce((sum, tensor) => sum + tensor.sizeBytes / 4, 0)
  }

  /** Reserves an f32 tensor in the value and in the gradient pool. */
  add(name: string, shape: readonly number[]): Tensor {
    const sizeBytes = denseBytes(shape, 'f32')
    const segment = this.segmentFor(alignRange(sizeBytes))
    const offset = segment.elements * 4
    segment.elements += alignRange(sizeBytes) / 4
    const place = (key: string, category: MemoryCategory, label: string, gradient?: Tensor): Tensor => ({
      name: label,
      shape,
      format: 'f32',
      sizeBytes,
      home: { kind: 'pool', key, offset },
      bytes: { [category]: alignRange(sizeBytes) },
      gradient,
    })
    const gradient = place(`${segment.key}.gradient`, 'gradients', `${name}.gradient`)
    const tensor = place(segment.key, this.category, name, gradient)
    this.tensors.push(tensor)
    return tensor
  }

  /** All values, a vector for each segment. */
  values(): Tensor[] {
    return this.segments.map((segment) => vector(segment, segment.key, this.category))
  }

  /** All gradients, a vector for each segment. */
  gradients(): Tensor[] {
    return this.segments.map((segment) => vector(segment, `${segment.key}.gradient`, 'gradients'))
  }

  /** A further pool of the same layout, for an optimizer's moment: a vector for each segment. */
  companion(suffix: string, category: MemoryCategory = 'optimizer'): Tensor[] {
    return this.segments.map((segment) => vector(segment, `${segment.key}.${suffix}`, category))
  }

  /** Cuts a range where segments meet. */
  cut({ firstElement, elements }: ElementRange): (ElementRange & { segment: number })[] {
    return this.segments.flatMap((segment, index) => {
      const first = Math.max(firstElement, segment.firstElement)
      const end = Math.min(firstElement + elements, segment.firstElement + segment.elements)
      return first < end ? [{ segment: index, firstElement: first, elements: end - first }] : []
    })
  }

  private segmentFor(sizeBytes: number): PoolSegment {
    const last = this.segments.at(-1)
    if (last && last.elements * 4 + sizeBytes <= this.maxSegmentBytes) return last
    const index = this.segments.length
    const segment = {
      key: index === 0 ? this.key : `${this.key}.${index}`,
      firstElement: this.elements,
      elements: 0,
    }
    this.segments.push(segment)
    return segment
  }
}

const vector = ({ elements }: PoolSegment, key: string, category: MemoryCategory): Tensor => ({
  name: key,
  shape: [elements],
  format: 'f32',
  sizeBytes: elements * 4,
  home: { kind: 'pool', key, offset: 0 },
  bytes: { [category]: elements * 4 },
})

/** `elements` of a vector of its own buffer or pool, from its element `first` on. */
export function sliceOf(
  vector: Tensor,
  { first, elements, name }: { first: number; elements: number; name: string },
): Tensor {
  if (vector.home.kind !== 'pool') throw new Error(`${vector.name} is no pool`)
  const sizeBytes = elements * 4
  return {
    ...vector,
    name,
    shape: [elements],
    sizeBytes,
    home: { ...vector.home, offset: vector.home.offset + first * 4 },
    bytes: Object.fromEntries(Object.keys(vector.bytes).map((category) => [category, sizeBytes])),
  }
}
