import type { Executable } from '../graph/executable.ts'
import { STEP_PARAMS, type StepParams } from '../graph/kernel.ts'
import { READBACK_BYTES, RING_SLOT_BYTES } from '../graph/make-plan.ts'
import type { BufferRange, Plan, PlannedBuffer, PlannedCommand } from '../graph/plan.ts'
import { sharedBuffer } from '../graph/shared-buffers.ts'
import { StudioError } from '../util/errors.ts'
import type { Pipeline } from './pipelines.ts'

/** Few enough that no command buffer holds the GPU for long: a long one stalls the page's own drawing. */
const DISPATCHES_PER_SUBMIT = 16

type Encoded =
  | {
      kind: 'dispatch'
      pipeline: GPUComputePipeline
      groups: GPUBindGroup[]
      workgroups: readonly [number, number, number]
    }
  | { kind: 'clear'; buffer: GPUBuffer; offset: number; sizeBytes: number }

const USAGE: Record<PlannedBuffer['usage'], () => number> = {
  storage: () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  uniform: () => GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  readback: () => GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
}

/** A plan on a device: its buffers, and every stage with the bind groups made once. */
export class RealisedPlan implements Executable {
  readonly allocatedBytes: number
  readonly sharedBytes: number
  private readonly buffers: GPUBuffer[]
  /** Those of `buffers` that were made for this plan. */
  private readonly created: GPUBuffer[]
  private readonly stages = new Map<string, Encoded[]>()
  private readonly step = new ArrayBuffer(STEP_PARAMS.length * 4)
  private readonly freeSlots: number[]
  private readonly freeTransfers: number[]
  private reading: Promise<void> | null = null
  private error: StudioError | null = null
  private destroyed = false

  constructor(
    private readonly device: GPUDevice,
    readonly plan: Plan,
    pipelines: readonly Pipeline[],
    owner: RealisedPlan | null = null,
  ) {
    const shared = new Set<GPUBuffer>()
    this.buffers = plan.buffers.map((planned) => {
      const { label, sizeBytes, usage } = planned
      const existing = owner?.buffers[sharedBuffer(planned, owner.plan)]
      if (existing) shared.add(existing)
      return existing ?? device.createBuffer({ label, size: sizeBytes, usage: USAGE[usage]() })
    })
    this.created = this.buffers.filter((buffer) => !shared.has(buffer))
    this.allocatedBytes = this.created.reduce((sum, buffer) => sum + buffer.size, 0)
    this.sharedBytes = [...shared].reduce((sum, buffer) => sum + buffer.size, 0)
    this.freeSlots = [...plan.ringBuffers]
    this.freeTransfers = [...plan.transferBuffers]
    device.queue.writeBuffer(this.buffers[plan.paramsBuffer], 0, plan.params)
    const uniformGroups = new Map<string, GPUBindGroup>()
    for (const stage of Object.values(plan.stages)) {
      this.stages.set(
        stage.name,
        stage.commands.map((command) => this.encode(command, pipelines, uniformGroups)),
      )
    }
  }

  /** Called by the runtime when the device reports an error that nothing caught. */
  fail(error: StudioError): void {
    this.error ??= error
  }

  write(range: BufferRange, data: ArrayBufferView<ArrayBuffer>, offset = 0): void {
    if (offset + data.byteLength > range.sizeBytes) {
      throw new Error(
        `${data.byteLength} bytes at ${offset} do not fit into a range of ${range.sizeBytes} of ${this.plan.buffers[range.buffer].label}`,
      )
    }
    this.device.queue.writeBuffer(
      this.buffers[range.buffer],
      range.offset + offset,
      data.buffer,
      data.byteOffset,
      data.byteLength,
    )
  }

  setStep(values: Partial<StepParams>): void {
    const view = new DataView(this.step)
    STEP_PARAMS.forEach(({ name, type }, index) => {
      const value = values[name]
      if (value === undefined) return
      if (type === 'f32') view.setFloat32(index * 4, value, true)
      else view.setUint32(index * 4, value, true)
    })
    this.device.queue.writeBuffer(this.buffers[this.plan.stepBuffer], 0, this.step)
  }

  run(stage: string, part?: number): void {
    if (this.error) throw this.error
    const commands = this.stages.get(stage)
    if (!commands) throw new Error(`the plan has no stage ${stage}`)
    const { parts } = this.plan.stages[stage]
    const first = part === undefined ? 0 : parts[part]
    const end = part === undefined ? commands.length : (parts[part + 1] ?? commands.length)
    for (let start = first; start < end; start += DISPATCHES_PER_SUBMIT) {
      this.submit(commands.slice(start, Math.min(start + DISPATCHES_PER_SUBMIT, end)))
    }
  }

  async capture(range: BufferRange): Promise<Uint8Array<ArrayBuffer>> {
    if (range.sizeBytes > RING_SLOT_BYTES)
      throw new Error(`${range.sizeBytes} bytes do not fit into a ring slot of ${RING_SLOT_BYTES}`)
    const slot = this.freeSlots.shift()
    if (slot === undefined)
      throw new Error('every slot of the readback ring is under way: await an earlier capture first')
    try {
      const bytes = new Uint8Array(range.sizeBytes)
      await this.copyOut(this.buffers[slot], range, 0, bytes)
      return bytes
    } finally {
      this.freeSlots.push(slot)
    }
  }

  async captureInto(range: BufferRange, target: Uint8Array<ArrayBuffer>): Promise<void> {
    const slot = this.freeTransfers.shift()
    if (slot === undefined)
      throw new Error('every transfer buffer is under way: await an earlier readback first')
    try {
      await this.copyOut(this.buffers[slot], range, 0, target.subarray(0, range.sizeBytes))
    } finally {
      this.freeTransfers.push(slot)
    }
  }

  read(range: BufferRange): Promise<Uint8Array<ArrayBuffer>> {
    // There is one readback buffer: whoever comes second waits.
    const bytes = this.reading ? this.reading.then(() => this.readPieces(range)) : this.readPieces(range)
    const done = bytes
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        if (this.reading === done) this.reading = null
      })
    this.reading = done
    return bytes
  }

  private async readPieces(range: BufferRange): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(range.sizeBytes)
    const staging = this.buffers[this.plan.readbackBuffer]
    for (let start = 0; start < range.sizeBytes; start += READBACK_BYTES) {
      const end = Math.min(start + READBACK_BYTES, range.sizeBytes)
      await this.copyOut(staging, range, start, bytes.subarray(start, end))
    }
    return bytes
  }

  async idle(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone()
    if (this.error) throw this.error
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    for (const buffer of this.created) buffer.destroy()
  }

  private encode(
    command: PlannedCommand,
    pipelines: readonly Pipeline[],
    uniformGroups: Map<string, GPUBindGroup>,
  ): Encoded {
    if (command.kind === 'clear') {
      const { buffer, offset, sizeBytes } = command.range
      return { kind: 'clear', buffer: this.buffers[buffer], offset, sizeBytes }
    }
    const { kernel } = this.plan.kernels[command.kernel]
    const { pipeline, tensors, uniforms } = pipelines[command.kernel]
    const groups = [
      this.device.createBindGroup({
        label: kernel.name,
        layout: tensors,
        entries: command.bindings.map(({ buffer, offset, sizeBytes }, binding) => ({
          binding,
          resource: { buffer: this.buffers[buffer], offset, size: sizeBytes },
        })),
      }),
    ]
    if (uniforms) {
      // Layouts are compatible per kernel only, so the key names the kernel too.
      const key = `${command.kernel}|${command.paramsOffset}`
      const group = uniformGroups.get(key) ?? this.uniformGroup(command, uniforms)
      uniformGroups.set(key, group)
      groups.push(group)
    }
    return { kind: 'dispatch', pipeline, groups, workgroups: command.workgroups }
  }

  private uniformGroup(
    command: PlannedCommand & { kind: 'dispatch' },
    layout: GPUBindGroupLayout,
  ): GPUBindGroup {
    const { plan } = this
    const { kernel } = plan.kernels[command.kernel]
    const entries: GPUBindGroupEntry[] = []
    if (kernel.params.length > 0) {
      const size = Math.ceil((kernel.params.length * 4) / 16) * 16
      entries.push({
        binding: 0,
        resource: { buffer: this.buffers[plan.paramsBuffer], offset: command.paramsOffset, size },
      })
    }
    if (kernel.usesStep) entries.push({ binding: 1, resource: { buffer: this.buffers[plan.stepBuffer] } })
    return this.device.createBindGroup({ label: `${kernel.name} uniforms`, layout, entries })
  }

  private submit(commands: readonly Encoded[]): void {
    const encoder = this.device.createCommandEncoder()
    let pass: GPUComputePassEncoder | null = null
    for (const command of commands) {
      if (command.kind === 'clear') {
        pass?.end()
        pass = null
        encoder.clearBuffer(command.buffer, command.offset, command.sizeBytes)
        continue
      }
      pass ??= encoder.beginComputePass()
      pass.setPipeline(command.pipeline)
      for (const [index, group] of command.groups.entries()) pass.setBindGroup(index, group)
      pass.dispatchWorkgroups(...command.workgroups)
    }
    pass?.end()
    this.device.queue.submit([encoder.finish()])
  }

  /** Copies behind everything submitted so far, then waits for the copy alone. */
  private async copyOut(
    staging: GPUBuffer,
    range: BufferRange,
    start: number,
    target: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const sizeBytes = target.byteLength
    const encoder = this.device.createCommandEncoder()
    encoder.copyBufferToBuffer(this.buffers[range.buffer], range.offset + start, staging, 0, sizeBytes)
    this.device.queue.submit([encoder.finish()])
    try {
      await staging.mapAsync(GPUMapMode.READ, 0, sizeBytes)
    } catch (cause) {
      throw (
        this.error ??
        new StudioError('device/lost', 'The GPU went away while results were read back', { cause })
      )
    }
    target.set(new Uint8Array(staging.getMappedRange(0, sizeBytes)))
    staging.unmap()
    if (this.error) throw this.error
  }
}
