import { DEFAULT_LIMITS, type DeviceLimits, type DeviceTraits } from '../graph/device.ts'
import type { DeviceInfo } from '../graph/executable.ts'
import { StudioError } from '../util/errors.ts'

const LIMIT_NAMES = Object.keys(DEFAULT_LIMITS) as (keyof DeviceLimits)[]

/** Alignments are properties of the adapter that a smaller number would not loosen: never asked for. */
const REQUESTED_LIMITS = LIMIT_NAMES.filter((name) => !name.startsWith('min'))

/** Features that kernels or the profiler can use; asked for wherever the adapter has them. */
const WANTED_FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query']

export interface OpenedDevice {
  device: GPUDevice
  info: DeviceInfo
  traits: DeviceTraits
}

/**
 * A device with the adapter's own limits (WebGPU's defaults would allow 128 MiB bindings at most).
 * Throws `device/no-adapter` or `device/refused`.
 */
export async function openDevice(gpu: GPU): Promise<OpenedDevice> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) {
    throw new StudioError('device/no-adapter', 'The browser offers no GPU to WebGPU', {
      hint: 'Update the browser and the graphics driver, and look at chrome://gpu: "WebGPU" must not be disabled.',
    })
  }
  const requiredLimits = Object.fromEntries(REQUESTED_LIMITS.map((name) => [name, adapter.limits[name]]))
  const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature))
  let device: GPUDevice
  try {
    device = await adapter.requestDevice({ requiredLimits, requiredFeatures })
  } catch (cause) {
    throw new StudioError(
      'device/refused',
      `The GPU refused to open: ${cause instanceof Error ? cause.message : cause}`,
      {
        hint: 'Close other programs that use the GPU, or restart the browser.',
        cause,
      },
    )
  }
  const software = isSoftware(adapter)
  const limits = Object.fromEntries(
    LIMIT_NAMES.map((name) => [name, device.limits[name]]),
  ) as unknown as DeviceLimits
  const { vendor, architecture, device: name, description, subgroupMinSize, subgroupMaxSize } = adapter.info
  return {
    device,
    info: {
      vendor,
      architecture,
      device: name,
      description,
      features: [...device.features].sort(),
      limits: { ...limits },
      software,
    },
    traits: {
      limits,
      features: {
        shaderF16: device.features.has('shader-f16'),
        subgroups: device.features.has('subgroups'),
        timestampQuery: device.features.has('timestamp-query'),
      },
      ...(subgroupMinSize === subgroupMaxSize && { subgroupLanes: subgroupMinSize }),
      software,
    },
  }
}

function isSoftware({ info }: GPUAdapter): boolean {
  const words = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase()
  return info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|software|basic render/.test(words)
}
