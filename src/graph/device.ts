/** What a plan needs to know of a device. Plain data: a plan is made without a GPU. */
export interface DeviceLimits {
  maxBufferSize: number
  maxStorageBufferBindingSize: number
  maxUniformBufferBindingSize: number
  maxStorageBuffersPerShaderStage: number
  maxComputeWorkgroupsPerDimension: number
  maxComputeInvocationsPerWorkgroup: number
  maxComputeWorkgroupStorageSize: number
  maxComputeWorkgroupSizeX: number
  maxComputeWorkgroupSizeY: number
  maxComputeWorkgroupSizeZ: number
  minStorageBufferOffsetAlignment: number
  minUniformBufferOffsetAlignment: number
}

export interface DeviceTraits {
  limits: DeviceLimits
  features: { shaderF16: boolean; subgroups: boolean; timestampQuery: boolean }
  /** Lanes of a subgroup, where all subgroups have as many. */
  subgroupLanes?: number
  /** A CPU pretending to be a GPU: barriers are dear, shared memory gains nothing. Kernel variants may differ. */
  software: boolean
}

/** WebGPU's guaranteed defaults: what a plan assumes when no device is named. */
export const DEFAULT_LIMITS: DeviceLimits = {
  maxBufferSize: 268435456,
  maxStorageBufferBindingSize: 134217728,
  maxUniformBufferBindingSize: 65536,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupsPerDimension: 65535,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  minStorageBufferOffsetAlignment: 256,
  minUniformBufferOffsetAlignment: 256,
}

export const DEFAULT_TRAITS: DeviceTraits = {
  limits: DEFAULT_LIMITS,
  features: { shaderF16: false, subgroups: false, timestampQuery: false },
  software: false,
}

/** Bytes that one storage binding may cover, and a buffer that is bound as a whole may hold. */
export const largestBinding = ({ maxStorageBufferBindingSize, maxBufferSize }: DeviceLimits): number =>
  Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 256) * 256

/**
 * Workgroups for `count` independent groups: x alone while it fits, else x·y with the kernel skipping the surplus
 * (`group = workgroup_id.x + workgroup_id.y * num_workgroups.x`).
 */
export function spreadWorkgroups(count: number, limits: DeviceLimits): [number, number, number] {
  const max = limits.maxComputeWorkgroupsPerDimension
  if (count <= max) return [Math.max(count, 1), 1, 1]
  const y = Math.ceil(count / max)
  return [Math.ceil(count / y), y, 1]
}
