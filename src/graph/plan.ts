import type { DeviceTraits } from './device.ts'
import type { Kernel } from './kernel.ts'
import type { Phase } from './operation.ts'
import type { BytesByCategory } from './tensor.ts'

/** A byte range of one planned buffer. */
export interface BufferRange {
  /** Index into Plan.buffers. */
  buffer: number
  offset: number
  sizeBytes: number
}

export interface PlannedBuffer {
  label: string
  sizeBytes: number
  /** storage: kernels; uniform: params and step; readback: mapped by the host; times: what timestamp queries resolve to. */
  usage: 'storage' | 'uniform' | 'readback' | 'times'
  bytes: Partial<BytesByCategory>
}

export interface PlannedKernel {
  kernel: Kernel
  /** Access of each binding as bound, in the order of kernel.bindings. */
  access: readonly ('read' | 'read_write')[]
}

export type PlannedCommand =
  | {
      kind: 'dispatch'
      /** Index into Plan.kernels. */
      kernel: number
      bindings: readonly BufferRange[]
      /** Byte offset of this dispatch's params in Plan.params. */
      paramsOffset: number
      workgroups: readonly [x: number, y: number, z: number]
      phase: Phase
      block: number | null
    }
  | { kind: 'clear'; range: BufferRange; phase: Phase }

/** One static list of commands, re-encoded every time it runs. */
export interface PlannedStage {
  name: string
  commands: readonly PlannedCommand[]
  /** First command of each part; more than one where the host takes a turn in between. */
  parts: readonly number[]
  /** Activations the host may write before or read after the stage, by name. */
  exposed: Readonly<Record<string, BufferRange>>
}

/**
 * Everything a device will hold and do, as plain data made without a GPU: the memory estimate shown before Start and
 * the allocation after it are this one object.
 */
export interface Plan {
  buffers: readonly PlannedBuffer[]
  kernels: readonly PlannedKernel[]
  stages: Readonly<Record<string, PlannedStage>>
  /** Ranges of tensors with a buffer or a pool of their own, by tensor name. */
  tensors: Readonly<Record<string, BufferRange>>
  /** Contents of the params buffer (uniform), one 256-byte slot per distinct set. */
  params: Uint8Array<ArrayBuffer>
  /** Indices of the special buffers. */
  paramsBuffer: number
  stepBuffer: number
  /** Ring for small asynchronous readbacks, and the buffer for large ones. */
  ringBuffers: readonly number[]
  readbackBuffer: number
  /** For page-sized readbacks that hold nothing up (`Executable.captureInto`); empty unless asked for. */
  transferBuffers: readonly number[]
  /** Where the GPU’s times of a step go on their way back; null in plans that do not train. */
  timesBuffer: number | null
  bytes: BytesByCategory
  totalBytes: number
  dispatches: Readonly<Record<string, number>>
  traits: DeviceTraits
}
