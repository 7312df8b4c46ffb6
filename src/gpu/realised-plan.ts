import type { BytesByUse, DeviceMemory, SidePlan } from '../graph/device-memory.ts'
import type { Executable, StepTimes } from '../graph/executable.ts'
import { STEP_PARAMS, type StepParams } from '../graph/kernel.ts'
import { READBACK_BYTES, RING_SLOT_BYTES, TIMES_BYTES } from '../graph/make-plan.ts'
import type { BufferRange, Plan, PlannedBuffer, PlannedCommand } from '../graph/plan.ts'
import { sharedBuffer } from '../graph/shared-buffers.ts'
import { MEMORY_CATEGORIES } from '../graph/tensor.ts'
import { StudioError } from '../util/errors.ts'
import { PassTimer, sumTimes, type TimedPass, timedPhase, timesBytes } from './pass-timer.ts'
import type { Pipeline } from './pipelines.ts'

/** Few enough that no command buffer holds the GPU for long: a long one stalls the page's own drawing. */
const DISPATCHES_PER_SUBMIT = 16

interface Dispatch {
  pipeline: GPUComputePipeline
  groups: GPUBindGroup[]
  workgroups: readonly [number, number, number]
}

interface Clear {
  buffer: GPUBuffer
  offset: number
  sizeBytes: number
}

/** A compute pass, of one phase of a step. */
interface Pass extends TimedPass {
  dispatches: Dispatch[]
}

/** What goes to the queue together. */
type Submission = (Pass | Clear)[]

const USAGE: Record<PlannedBuffer['usage'], () => number> = {
  storage: () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  uniform: () => GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  readback: () => GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  times: () => GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
}

/** A plan on a device: its buffers, and every stage with the bind groups made once. */
export class RealisedPlan implements Executable {
  readonly allocatedBytes: number
  readonly sharedBytes: number
  private readonly buffers: GPUBuffer[]
  /** Those of `buffers` that were made for this plan. */
  private readonly created: ReadonlySet<GPUBuffer>
  /** By stage and part. */
  private readonly stages = new Map<string, Submission[][]>()
  private readonly timer: PassTimer | null
  private readonly step = new ArrayBuffer(STEP_PARAMS.length * 4)
  private readonly freeSlots: number[]
  private readonly freeTransfers: number[]
  private reading: Promise<void> | null = null
  private error: StudioError | null = null
  private destroyed = false
  private uncount = () => {}

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
    this.created = new Set(this.buffers.filter((buffer) => !shared.has(buffer)))
    this.allocatedBytes = [...this.created].reduce((sum, buffer) => sum + buffer.size, 0)
    this.sharedBytes = [...shared].reduce((sum, buffer) => sum + buffer.size, 0)
    this.freeSlots = [...plan.ringBuffers]
    this.freeTransfers = [...plan.transferBuffers]
    device.queue.writeBuffer(this.buffers[plan.paramsBuffer], 0, plan.params)
    this.timer =
      plan.timesBuffer === null || !plan.traits.features.timestampQuery
        ? null
        : new PassTimer(device, this.buffers[plan.timesBuffer], plan.traits.software)
    const uniformGroups = new Map<string, GPUBindGroup>()
    for (const stage of Object.values(plan.stages)) {
      const { name, commands, parts } = stage
      const submissions = parts.map((first, part) =>
        this.submissions(commands.slice(first, parts[part + 1]), pipelines, uniformGroups),
      )
      this.stages.set(name, submissions)
    }
  }

  /** Enters the buffers that were made for this plan into the device's count, until they are destroyed. */
  countIn(memory: DeviceMemory, as?: SidePlan): void {
    const bytes: Partial<BytesByUse> = {}
    for (const [index, buffer] of this.buffers.entries()) {
      if (!this.created.has(buffer)) continue
      const planned = this.plan.buffers[index].bytes
      for (const category of MEMORY_CATEGORIES) {
        const use = as ?? category
        bytes[use] = (bytes[use] ?? 0) + (planned[category] ?? 0)
      }
    }
    this.uncount = memory.hold({ sizeBytes: this.allocatedBytes, bytes })
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
    const parts = this.stages.get(stage)
    if (!parts) throw new Error(`the plan has no stage ${stage}`)
    for (const submissions of part === undefined ? parts : [parts[part]])
      for (const submission of submissions) this.submit(submission)
  }

  beginTiming(): void {
    this.timer?.begin()
  }

  async capture(range: BufferRange): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes } = await this.throughRing(range, null)
    return bytes
  }

  captureTimed(range: BufferRange): Promise<{ bytes: Uint8Array<ArrayBuffer>; times: StepTimes | null }> {
    return this.throughRing(range, this.timer)
  }

  private async throughRing(
    range: BufferRange,
    timer: PassTimer | null,
  ): Promise<{ bytes: Uint8Array<ArrayBuffer>; times: StepTimes | null }> {
    const { buffer, offset, sizeBytes } = range
    const timesAt = Math.ceil(sizeBytes / 8) * 8
    if (timesAt + (timer ? TIMES_BYTES : 0) > RING_SLOT_BYTES)
      throw new Error(`${sizeBytes} bytes do not fit into a ring slot of ${RING_SLOT_BYTES}`)
    const slot = this.freeSlots.shift()
    if (slot === undefined)
      throw new Error('every slot of the readback ring is under way: await an earlier capture first')
    try {
      const staging = this.buffers[slot]
      const encoder = this.device.createCommandEncoder()
      encoder.copyBufferToBuffer(this.buffers[buffer], offset, staging, 0, sizeBytes)
      const spans = timer?.resolve(encoder, staging, timesAt) ?? []
      this.device.queue.submit([encoder.finish()])
      const copied = new Uint8Array(timesAt + timesBytes(spans))
      await this.readMapped(staging, spans.length > 0 ? copied : copied.subarray(0, sizeBytes))
      const times = sumTimes(spans, new BigUint64Array(copied.buffer, timesAt, 2 * spans.length))
      return { bytes: copied.slice(0, sizeBytes), times }
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
    this.timer?.destroy()
    this.uncount()
  }

  /** Cuts commands into compute passes of one phase, and these into what is submitted together. */
  private submissions(
    commands: readonly PlannedCommand[],
    pipelines: readonly Pipeline[],
    uniformGroups: Map<string, GPUBindGroup>,
  ): Submission[] {
    const submissions: Submission[] = []
    const passes: Pass[] = []
    for (const [index, command] of commands.entries()) {
      if (index % DISPATCHES_PER_SUBMIT === 0) submissions.push([])
      const submission = submissions[submissions.length - 1]
      if (command.kind === 'clear') {
        const { buffer, offset, sizeBytes } = command.range
        submission.push({ buffer: this.buffers[buffer], offset, sizeBytes })
        continue
      }
      const phase = timedPhase(command.phase)
      const open = submission.at(-1)
      if (open && 'dispatches' in open && open.phase === phase) {
        open.dispatches.push(this.encode(command, pipelines, uniformGroups))
        continue
      }
      const opens = passes.at(-1)?.phase !== phase
      if (!opens) passes[passes.length - 1].closes = false
      const dispatches = [this.encode(command, pipelines, uniformGroups)]
      passes.push({ dispatches, phase, opens, closes: true })
      submission.push(passes[passes.length - 1])
    }
    return submissions
  }

  private encode(
    command: PlannedCommand & { kind: 'dispatch' },
    pipelines: readonly Pipeline[],
    uniformGroups: Map<string, GPUBindGroup>,
  ): Dispatch {
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
    return { pipeline, groups, workgroups: command.workgroups }
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

  private submit(submission: Submission): void {
    const encoder = this.device.createCommandEncoder()
    for (const work of submission) {
      if (!('dispatches' in work)) {
        encoder.clearBuffer(work.buffer, work.offset, work.sizeBytes)
        continue
      }
      const pass = encoder.beginComputePass({ timestampWrites: this.timer?.writes(work) })
      for (const { pipeline, groups, workgroups } of work.dispatches) {
        pass.setPipeline(pipeline)
        for (const [index, group] of groups.entries()) pass.setBindGroup(index, group)
        pass.dispatchWorkgroups(...workgroups)
      }
      pass.end()
    }
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
    await this.readMapped(staging, target)
  }

  /** Waits for what was copied to a staging buffer last, and fills `target` with it. */
  private async readMapped(staging: GPUBuffer, target: Uint8Array<ArrayBuffer>): Promise<void> {
    const sizeBytes = target.byteLength
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
