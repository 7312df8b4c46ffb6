import type { PlannedKernel } from '../graph/plan.ts'
import { StudioError } from '../util/errors.ts'
import { composeWgsl } from './compose.ts'

export interface Pipeline {
  pipeline: GPUComputePipeline
  tensors: GPUBindGroupLayout
  /** Layout of group(1); null for kernels without params and step. */
  uniforms: GPUBindGroupLayout | null
}

/** Pipelines of a device by their WGSL: a second plan, or a second run, compiles nothing twice. */
export class PipelineCache {
  private readonly byWgsl = new Map<string, Promise<Pipeline>>()

  constructor(private readonly device: GPUDevice) {}

  get(planned: PlannedKernel): Promise<Pipeline> {
    const wgsl = composeWgsl(planned)
    const known = this.byWgsl.get(wgsl)
    if (known) return known
    const compiled = this.compile(planned, wgsl)
    this.byWgsl.set(wgsl, compiled)
    compiled.catch(() => this.byWgsl.delete(wgsl))
    return compiled
  }

  private async compile({ kernel, access }: PlannedKernel, wgsl: string): Promise<Pipeline> {
    const { device } = this
    const visibility = GPUShaderStage.COMPUTE
    const tensors = device.createBindGroupLayout({
      label: `${kernel.name} tensors`,
      entries: access.map((mode, binding) => ({
        binding,
        visibility,
        buffer: { type: mode === 'read' ? 'read-only-storage' : 'storage' },
      })),
    })
    const uniformBindings = [...(kernel.params.length > 0 ? [0] : []), ...(kernel.usesStep ? [1] : [])]
    const uniforms =
      uniformBindings.length === 0
        ? null
        : device.createBindGroupLayout({
            label: `${kernel.name} uniforms`,
            entries: uniformBindings.map((binding) => ({ binding, visibility, buffer: { type: 'uniform' } })),
          })
    // A module that does not compile is told by its pipeline, with its name; not as an error of the whole device.
    device.pushErrorScope('validation')
    const module = device.createShaderModule({ label: kernel.name, code: wgsl })
    device.popErrorScope().catch(() => {})
    try {
      const pipeline = await device.createComputePipelineAsync({
        label: kernel.name,
        layout: device.createPipelineLayout({ bindGroupLayouts: uniforms ? [tensors, uniforms] : [tensors] }),
        compute: { module, entryPoint: 'main' },
      })
      return { pipeline, tensors, uniforms }
    } catch (cause) {
      const { messages } = await module.getCompilationInfo()
      const line = messages.find(({ type }) => type === 'error')
      const why = line
        ? `line ${line.lineNum}: ${line.message}`
        : cause instanceof Error
          ? cause.message
          : String(cause)
      throw new StudioError('device/kernel', `Kernel ${kernel.name} does not compile on this GPU: ${why}`, {
        hint: 'Update the browser and the graphics driver; if it stays, report the kernel and the GPU.',
        details: { kernel: kernel.name },
        cause,
      })
    }
  }
}
