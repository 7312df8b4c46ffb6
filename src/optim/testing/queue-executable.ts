import type { Executable } from '../../graph/executable.ts'
import type { StepParams } from '../../graph/kernel.ts'
import type { BufferRange, Plan } from '../../graph/plan.ts'
import { turns } from './turns.ts'

/**
 * A queue without a GPU: does in order what a device would, on arrays, with an update of the same shape as AdamW's.
 * Readbacks hold what the range held when they were asked for and arrive after `delay` turns of the event loop.
 */
export class QueueExecutable implements Executable {
  readonly allocatedBytes: number
  readonly sharedBytes = 0
  readonly buffers: Uint8Array<ArrayBuffer>[]
  /** Everything asked of it, in order. A store may write into it too. */
  readonly log: string[] = []
  private step = 0
  private transfersUnderWay = 0

  constructor(
    readonly plan: Plan,
    private readonly delay: () => number = () => 0,
  ) {
    this.buffers = plan.buffers.map(({ sizeBytes }) => new Uint8Array(sizeBytes))
    this.allocatedBytes = plan.totalBytes
  }

  write(range: BufferRange, data: ArrayBufferView<ArrayBuffer>, offset = 0): void {
    if (offset + data.byteLength > range.sizeBytes)
      throw new Error(`${data.byteLength} bytes do not fit into ${range.sizeBytes}`)
    this.log.push(`write ${this.plan.buffers[range.buffer].label}`)
    this.buffers[range.buffer].set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      range.offset + offset,
    )
  }

  setStep({ step }: Partial<StepParams>): void {
    this.step = step ?? this.step
  }

  run(stage: string): void {
    this.log.push(`run ${stage}`)
    for (const command of this.plan.stages[stage].commands) {
      if (command.kind !== 'dispatch') throw new Error('an update clears nothing')
      const { kernel } = this.plan.kernels[command.kernel]
      if (kernel.name !== 'adamw_update') continue
      const floats = (name: string) =>
        this.floats(command.bindings[kernel.bindings.findIndex((binding) => binding.name === name)])
      const [gradients, values, m, v] = ['gradients', 'values', 'm', 'v'].map(floats)
      for (let i = 0; i < values.length; i++) {
        m[i] = 0.9 * m[i] + 0.1 * gradients[i] * this.step
        v[i] = 0.99 * v[i] + 0.01 * gradients[i] * gradients[i]
        values[i] -= (0.01 * m[i]) / (Math.sqrt(v[i]) + 1e-8)
      }
    }
  }

  async capture(range: BufferRange): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = this.bytes(range).slice()
    await turns(this.delay())
    return bytes
  }

  beginTiming(): void {}

  async captureTimed(range: BufferRange) {
    return { bytes: await this.capture(range), times: null }
  }

  async captureInto(range: BufferRange, target: Uint8Array<ArrayBuffer>): Promise<void> {
    this.log.push(`capture ${this.plan.buffers[range.buffer].label}`)
    if (++this.transfersUnderWay > this.plan.transferBuffers.length)
      throw new Error('too many transfers under way')
    const bytes = this.bytes(range).slice()
    await turns(this.delay())
    this.transfersUnderWay--
    target.set(bytes)
  }

  read(range: BufferRange): Promise<Uint8Array<ArrayBuffer>> {
    return this.capture(range)
  }

  async idle(): Promise<void> {
    await turns(this.delay())
  }

  destroy(): void {}

  /** Bytes of a buffer by its label. */
  contents(label: string): Uint8Array<ArrayBuffer> {
    return this.buffers[this.plan.buffers.findIndex((buffer) => buffer.label === label)]
  }

  private bytes({ buffer, offset, sizeBytes }: BufferRange): Uint8Array<ArrayBuffer> {
    return this.buffers[buffer].subarray(offset, offset + sizeBytes)
  }

  private floats(range: BufferRange): Float32Array<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = this.bytes(range)
    return new Float32Array(buffer, byteOffset, byteLength / 4)
  }
}
