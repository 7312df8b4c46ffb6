import { StudioError } from '../util/errors.ts'
import { type ArenaLayout, layOutArena } from './arena.ts'
import { type DeviceTraits, largestBinding } from './device.ts'
import type { Graph } from './graph.ts'
import { type Call, type Kernel, type KernelCall, STEP_PARAMS_BYTES } from './kernel.ts'
import { lifetimes, withoutUnused } from './liveness.ts'
import type { OpNode } from './operation.ts'
import type { BufferRange, Plan, PlannedBuffer, PlannedCommand, PlannedKernel, PlannedStage } from './plan.ts'
import { alignRange } from './pool.ts'
import { type BytesByCategory, MEMORY_CATEGORIES, type MemoryCategory, type Tensor } from './tensor.ts'

/** Size of one asynchronous readback and number of them under way. */
export const RING_SLOT_BYTES = 4096
export const RING_SLOTS = 4
/** Pieces in which large ranges come back to the host. */
export const READBACK_BYTES = 1 << 20

/** Times of one step: they come back in a ring slot, behind the step's metrics. */
export const TIMES_BYTES = 3584

/** Staging for large readbacks that may be under way at a time. */
export interface TransferStaging {
  count: number
  sizeBytes: number
}

/**
 * Turns recorded stages into one plan: every stage shares the buffers, pools and one arena (they never run at the
 * same time). `extra` tensors get a buffer even where no stage touches them (moments that a later stage reads).
 */
export function makePlan(
  stages: Readonly<Record<string, Graph>>,
  traits: DeviceTraits,
  extra: readonly Tensor[] = [],
  transfers: TransferStaging | null = null,
): Plan {
  const plan = new PlanBuilder(traits)
  for (const tensor of extra) plan.reserve(tensor)
  const lowered = Object.entries(stages).map(([name, graph]) => lower(name, graph, traits))
  for (const stage of lowered) plan.reserveStage(stage)
  for (const stage of lowered) plan.addStage(stage)
  return plan.finish(transfers)
}

interface LoweredStage {
  name: string
  graph: Graph
  steps: { node: OpNode; calls: Call[] }[]
  arena: ArenaLayout
}

/** Chooses kernels and scratch space, then places the arena. */
function lower(name: string, graph: Graph, traits: DeviceTraits): LoweredStage {
  const exposed = [...graph.exposed.values()]
  const nodes = withoutUnused(graph.nodes, exposed)
  const scratch: { tensor: Tensor; index: number }[] = []
  const steps = nodes.map((node, index) => {
    const workspace: Record<string, Tensor> = {}
    for (const [key, request] of Object.entries(node.operation.workspace?.(node, traits) ?? {})) {
      workspace[key] = graph.activation(`${node.operation.name}.${key}`, request.shape, request.format)
      scratch.push({ tensor: workspace[key], index })
    }
    return { node, calls: node.operation.kernels(node, traits, workspace) }
  })
  const lives = [
    ...lifetimes(nodes, exposed),
    ...scratch.map(({ tensor, index }) => ({ tensor, first: index, last: index })),
  ]
  return { name, graph, steps, arena: layOutArena(lives, largestBinding(traits.limits)) }
}

class PlanBuilder {
  private readonly buffers: PlannedBuffer[] = []
  private readonly bufferIndex = new Map<string, number>()
  private readonly tensors: Record<string, BufferRange> = {}
  private readonly arenaBuffers: number[] = []
  private readonly kernels: PlannedKernel[] = []
  private readonly kernelIndex = new Map<string, number>()
  private readonly stages: Record<string, PlannedStage> = {}
  private readonly paramsSlots = new Map<string, number>()
  private readonly params: Uint8Array<ArrayBuffer>[] = []
  private readonly paramsStride: number

  constructor(private readonly traits: DeviceTraits) {
    this.paramsStride = traits.limits.minUniformBufferOffsetAlignment
  }

  /** Makes room for a tensor that has a buffer or pool of its own. */
  reserve(tensor: Tensor): void {
    const { home } = tensor
    if (home.kind === 'activation') return
    const end = (home.kind === 'pool' ? home.offset : 0) + alignRange(tensor.sizeBytes)
    const known = this.bufferIndex.get(home.key)
    if (known === undefined) {
      this.addBuffer({ label: home.key, sizeBytes: 0, usage: 'storage', bytes: {} })
    }
    const buffer = this.buffers[this.bufferIndex.get(home.key) as number]
    if (end > buffer.sizeBytes) {
      // Alignment counts in the category that holds most of the tensor.
      const bytes: Partial<BytesByCategory> = home.kind === 'buffer' ? { ...tensor.bytes } : {}
      const [main] = Object.entries(tensor.bytes).sort((a, b) => b[1] - a[1])[0] as [MemoryCategory, number]
      const counted = Object.values(bytes).reduce((sum, value) => sum + value, 0)
      bytes[main] = (bytes[main] ?? 0) + end - counted
      buffer.sizeBytes = end
      buffer.bytes = bytes
    }
    // Stages of different sequence lengths name one input; the longest range counts.
    const range = this.range(tensor)
    if (range.sizeBytes >= (this.tensors[tensor.name]?.sizeBytes ?? 0)) this.tensors[tensor.name] = range
    const limit = largestBinding(this.traits.limits)
    if (end > limit) throw tooLarge(tensor, end, limit)
  }

  reserveStage({ steps, arena }: LoweredStage): void {
    for (const { calls } of steps)
      for (const call of calls) for (const tensor of boundTensors(call)) this.reserve(tensor)
    arena.chunkBytes.forEach((bytes, chunk) => {
      this.arenaBuffers[chunk] ??= this.addBuffer({
        label: `arena.${chunk}`,
        sizeBytes: 0,
        usage: 'storage',
        bytes: {},
      })
      const buffer = this.buffers[this.arenaBuffers[chunk]]
      buffer.sizeBytes = Math.max(buffer.sizeBytes, bytes)
      buffer.bytes = { activations: buffer.sizeBytes }
    })
  }

  addStage(stage: LoweredStage): void {
    const commands: PlannedCommand[] = []
    const parts = [0]
    for (const { node, calls } of stage.steps) {
      for (const call of calls) {
        if ('clear' in call)
          commands.push({ kind: 'clear', range: this.range(call.clear, stage.arena), phase: node.phase })
        else commands.push(this.dispatch(call, node, stage.arena))
      }
      if (stage.graph.hostTurns.has(node)) parts.push(commands.length)
    }
    const exposed: Record<string, BufferRange> = {}
    for (const [name, tensor] of stage.graph.exposed) exposed[name] = this.range(tensor, stage.arena)
    this.stages[stage.name] = { name: stage.name, commands, parts, exposed }
  }

  finish(transfers: TransferStaging | null): Plan {
    const params = new Uint8Array(Math.max(this.params.length, 1) * this.paramsStride)
    for (const [slot, bytes] of this.params.entries()) params.set(bytes, slot * this.paramsStride)
    const paramsBuffer = this.addBuffer({
      label: 'params',
      sizeBytes: params.length,
      usage: 'uniform',
      bytes: { workspace: params.length },
    })
    const stepBuffer = this.addBuffer({
      label: 'step',
      sizeBytes: STEP_PARAMS_BYTES,
      usage: 'uniform',
      bytes: { workspace: STEP_PARAMS_BYTES },
    })
    const readback = (label: string, sizeBytes: number) =>
      this.addBuffer({ label, sizeBytes, usage: 'readback', bytes: { staging: sizeBytes } })
    const ringBuffers = Array.from({ length: RING_SLOTS }, (_, slot) =>
      readback(`ring.${slot}`, RING_SLOT_BYTES),
    )
    const readbackBuffer = readback('readback', READBACK_BYTES)
    const transferBuffers = Array.from({ length: transfers?.count ?? 0 }, (_, slot) =>
      readback(`transfer.${slot}`, transfers?.sizeBytes ?? 0),
    )
    const timesBuffer = this.takesTimes()
      ? this.addBuffer({
          label: 'times',
          sizeBytes: TIMES_BYTES,
          usage: 'times',
          bytes: { workspace: TIMES_BYTES },
        })
      : null
    const bytes = Object.fromEntries(MEMORY_CATEGORIES.map((category) => [category, 0])) as BytesByCategory
    for (const buffer of this.buffers) {
      for (const [category, size] of Object.entries(buffer.bytes)) bytes[category as MemoryCategory] += size
    }
    return {
      buffers: this.buffers,
      kernels: this.kernels,
      stages: this.stages,
      tensors: this.tensors,
      params,
      paramsBuffer,
      stepBuffer,
      ringBuffers,
      readbackBuffer,
      transferBuffers,
      timesBuffer,
      bytes,
      totalBytes: this.buffers.reduce((sum, buffer) => sum + buffer.sizeBytes, 0),
      dispatches: Object.fromEntries(
        Object.entries(this.stages).map(([name, { commands }]) => [
          name,
          commands.filter(({ kind }) => kind === 'dispatch').length,
        ]),
      ),
      traits: this.traits,
    }
  }

  /** A plan that trains. It is planned for every device, so that the same run takes the same bytes on all of them. */
  private takesTimes(): boolean {
    return Object.values(this.stages).some(({ commands }) =>
      commands.some(({ phase }) => phase === 'backward'),
    )
  }

  private dispatch(call: KernelCall, node: OpNode, arena: ArenaLayout): PlannedCommand {
    const { kernel } = call
    checkCall(call, this.traits)
    const ranges = kernel.bindings.map(({ name }) => this.range(call.tensors[name], arena))
    const written = new Set(
      kernel.bindings.flatMap(({ access }, index) => (access === 'read' ? [] : [ranges[index].buffer])),
    )
    // One buffer may not be bound read-only and read-write in one dispatch, and the arena is always read-write.
    const access = ranges.map(({ buffer }) =>
      written.has(buffer) || this.arenaBuffers.includes(buffer) ? 'read_write' : 'read',
    )
    refuseAliases(call, ranges)
    return {
      kind: 'dispatch',
      kernel: this.kernelNumber(kernel, access),
      bindings: ranges,
      paramsOffset: this.paramsSlot(call),
      workgroups: call.workgroups,
      phase: node.phase,
      block: node.block,
    }
  }

  private range(tensor: Tensor, arena?: ArenaLayout): BufferRange {
    const { home, sizeBytes } = tensor
    if (home.kind !== 'activation') {
      return {
        buffer: this.bufferIndex.get(home.key) as number,
        offset: home.kind === 'pool' ? home.offset : 0,
        sizeBytes,
      }
    }
    const place = arena?.places.get(tensor)
    if (!place)
      throw new Error(
        `${tensor.name} has no place in the arena: it is neither an input nor an output of its node`,
      )
    return { buffer: this.arenaBuffers[place.chunk], offset: place.offset, sizeBytes }
  }

  private addBuffer(buffer: PlannedBuffer): number {
    const index = this.buffers.push(buffer) - 1
    this.bufferIndex.set(buffer.label, index)
    return index
  }

  private kernelNumber(kernel: Kernel, access: PlannedKernel['access']): number {
    const key = `${kernel.name}|${access.join()}`
    const known = this.kernelIndex.get(key)
    if (known !== undefined) {
      if (this.kernels[known].kernel !== kernel && !sameKernel(this.kernels[known].kernel, kernel)) {
        throw new Error(`two different kernels are named ${kernel.name}`)
      }
      return known
    }
    const index = this.kernels.push({ kernel, access }) - 1
    this.kernelIndex.set(key, index)
    return index
  }

  private paramsSlot({ kernel, params }: KernelCall): number {
    if (kernel.params.length === 0) return 0
    const bytes = new Uint8Array(Math.ceil((kernel.params.length * 4) / 16) * 16)
    const view = new DataView(bytes.buffer)
    kernel.params.forEach(({ name, type }, index) => {
      const value = params[name]
      if (value === undefined || Number.isNaN(value))
        throw new Error(`${kernel.name} got no value for its parameter ${name}`)
      if (type === 'f32') view.setFloat32(index * 4, value, true)
      else if (type === 'u32') view.setUint32(index * 4, value, true)
      else view.setInt32(index * 4, value, true)
    })
    const key = bytes.join()
    const slot = this.paramsSlots.get(key) ?? this.params.push(bytes) - 1
    this.paramsSlots.set(key, slot)
    return slot * this.paramsStride
  }
}

const boundTensors = (call: Call): Tensor[] => ('clear' in call ? [call.clear] : Object.values(call.tensors))

const sameKernel = (a: Kernel, b: Kernel): boolean => JSON.stringify(a) === JSON.stringify(b)

function tooLarge(tensor: Tensor, bytes: number, limit: number): StudioError {
  return new StudioError(
    'plan/tensor-too-large',
    `${tensor.name} needs ${bytes} bytes in one piece, this device binds at most ${limit}`,
    {
      hint: 'Choose a smaller model, or a device with a larger maxStorageBufferBindingSize.',
    },
  )
}

/** What WebGPU would refuse later and less clearly. */
function checkCall({ kernel, tensors, workgroups }: KernelCall, { limits }: DeviceTraits): void {
  if (kernel.bindings.length > limits.maxStorageBuffersPerShaderStage) {
    throw new StudioError(
      'plan/too-many-bindings',
      `${kernel.name} binds ${kernel.bindings.length} buffers, the device allows ${limits.maxStorageBuffersPerShaderStage}`,
    )
  }
  for (const { name } of kernel.bindings)
    if (!tensors[name]) throw new Error(`${kernel.name} got no tensor for its binding ${name}`)
  for (const count of workgroups) {
    if (count < 1 || count > limits.maxComputeWorkgroupsPerDimension) {
      throw new StudioError(
        'plan/dispatch-too-large',
        `${kernel.name} dispatches ${workgroups.join('×')} workgroups, the device allows ${limits.maxComputeWorkgroupsPerDimension} per dimension`,
      )
    }
  }
}

/** WebGPU forbids overlapping bindings where one writes. */
function refuseAliases({ kernel }: KernelCall, ranges: readonly BufferRange[]): void {
  kernel.bindings.forEach((binding, a) => {
    for (let b = a + 1; b < ranges.length; b++) {
      if (binding.access === 'read' && kernel.bindings[b].access === 'read') continue
      const overlap =
        ranges[a].buffer === ranges[b].buffer &&
        ranges[a].offset < ranges[b].offset + ranges[b].sizeBytes &&
        ranges[b].offset < ranges[a].offset + ranges[a].sizeBytes
      if (overlap)
        throw new Error(
          `${kernel.name} binds ${binding.name} and ${kernel.bindings[b].name} to overlapping bytes`,
        )
    }
  })
}
