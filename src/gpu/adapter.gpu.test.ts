import { expect, test } from 'vitest'

test('this browser has a WebGPU adapter, and a compute shader runs on it', async () => {
  const adapter = await navigator.gpu.requestAdapter()
  if (!adapter)
    throw new Error('navigator.gpu.requestAdapter() gave no adapter: the GPU lane would test nothing')
  const device = await adapter.requestDevice()
  const uncaptured: string[] = []
  device.addEventListener('uncapturederror', ({ error }) => uncaptured.push(error.message))

  const code = `
    @group(0) @binding(0) var<storage, read_write> values: array<u32>;
    @compute @workgroup_size(64)
    fn square(@builtin(global_invocation_id) id: vec3u) { values[id.x] = id.x * id.x; }`
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'square' },
  })
  const values = device.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC })
  const staging = device.createBuffer({ size: 256, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: values } }],
  })

  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, bindGroup)
  pass.dispatchWorkgroups(1)
  pass.end()
  encoder.copyBufferToBuffer(values, 0, staging, 0, 256)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(GPUMapMode.READ)

  expect([...new Uint32Array(staging.getMappedRange())]).toEqual(Array.from({ length: 64 }, (_, i) => i * i))
  expect(uncaptured).toEqual([])
  device.destroy()
})
