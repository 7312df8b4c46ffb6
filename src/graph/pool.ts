import { denseBytes, type MemoryCategory, type Tensor } from './tensor.ts'

/** WebGPU's default minStorageBufferOffsetAlignment; every range inside a shared buffer starts on a multiple of it. */
export const RANGE_ALIGNMENT = 256

export const alignRange = (bytes: number): number => Math.ceil(bytes / RANGE_ALIGNMENT) * RANGE_ALIGNMENT

/**
 * Trainable tensors laid end to end, with a gradient pool of the same layout: zeroing, the norm and the update are
 * then a few dispatches over whole pools. Gaps of alignment stay zero.
 */
export class ParameterPool {
  readonly tensors: Tensor[] = []
  private nextOffset = 0

  constructor(
    /** Buffer key of the values; gradients are under `${key}.gradient`. */
    readonly key: string,
    private readonly category: MemoryCategory = 'adapters',
  ) {}

  get gradientKey(): string {
    return `${this.key}.gradient`
  }

  /** Bytes of the pool so far, alignment included. */
  get sizeBytes(): number {
    return this.nextOffset
  }

  /** f32 elements of the pool, gaps included: what the update runs over. */
  get elements(): number {
    return this.nextOffset / 4
  }

  /** f32 elements that are trained, gaps left out. */
  get trainableElements(): number {
    return this.tensors.reduce((sum, tensor) => sum + tensor.sizeBytes / 4, 0)
  }

  /** Reserves an f32 tensor in the value and in the gradient pool. */
  add(name: string, shape: readonly number[]): Tensor {
    const sizeBytes = denseBytes(shape, 'f32')
    const offset = this.nextOffset
    this.nextOffset += alignRange(sizeBytes)
    const place = (key: string, category: MemoryCategory, label: string, gradient?: Tensor): Tensor => ({
      name: label,
      shape,
      format: 'f32',
      sizeBytes,
      home: { kind: 'pool', key, offset },
      bytes: { [category]: alignRange(sizeBytes) },
      gradient,
    })
    const gradient = place(this.gradientKey, 'gradients', `${name}.gradient`)
    const tensor = place(this.key, this.category, name, gradient)
    this.tensors.push(tensor)
    return tensor
  }

  /** The whole value pool as one f32 vector. */
  values(): Tensor {
    return this.whole(this.key, this.category)
  }

  /** The whole gradient pool as one f32 vector. */
  gradients(): Tensor {
    return this.whole(this.gradientKey, 'gradients')
  }

  /** A further pool of the same layout, for an optimizer's moment. */
  companion(suffix: string, category: MemoryCategory = 'optimizer'): Tensor {
    return this.whole(`${this.key}.${suffix}`, category)
  }

  private whole(key: string, category: MemoryCategory): Tensor {
    const sizeBytes = this.sizeBytes
    return {
      name: key,
      shape: [sizeBytes / 4],
      format: 'f32',
      sizeBytes,
      home: { kind: 'pool', key, offset: 0 },
      bytes: { [category]: sizeBytes },
    }
  }
}
