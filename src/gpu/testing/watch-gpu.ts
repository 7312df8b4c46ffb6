const CREATORS = [
  'createBuffer',
  'createBindGroup',
  'createBindGroupLayout',
  'createShaderModule',
  'createComputePipeline',
  'createComputePipelineAsync',
  'createPipelineLayout',
  'createQuerySet',
]

/** Names of what is created on any device, and `mapAsync <label>` of what is mapped, from now until `restore`. */
export function watchGpu(): { calls: string[]; restore(): void } {
  const calls: string[] = []
  const watch = (target: object, names: readonly string[]) => {
    const methods = target as Record<string, (...args: unknown[]) => unknown>
    return names.map((name) => {
      const original = methods[name]
      methods[name] = function (this: unknown, ...args: unknown[]) {
        calls.push(name === 'mapAsync' ? `mapAsync ${(this as GPUBuffer).label}` : name)
        return original.apply(this, args)
      }
      return () => {
        methods[name] = original
      }
    })
  }
  const undo = [...watch(GPUDevice.prototype, CREATORS), ...watch(GPUBuffer.prototype, ['mapAsync'])]
  return {
    calls,
    restore() {
      for (const each of undo) each()
    },
  }
}
