import { expect, it } from 'vitest'
import { Graph } from '../graph/graph.ts'
import type { Kernel } from '../graph/kernel.ts'
import { makePlan } from '../graph/make-plan.ts'
import type { Operation } from '../graph/operation.ts'
import { bufferTensor } from '../graph/tensor.ts'
import { createRuntime } from './runtime.ts'
import { watchGpu } from './testing/watch-gpu.ts'

const scale: Kernel = {
  name: 'scale',
  source: `
    @compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      if (id.x < params.count) { y[id.x] = params.factor * step.learningRate * x[id.x]; }
    }`,
  bindings: [
    { name: 'x', element: 'f32', access: 'read' },
    { name: 'y', element: 'f32', access: 'write' },
  ],
  params: [
    { name: 'count', type: 'u32' },
    { name: 'factor', type: 'f32' },
  ],
  usesStep: true,
  workgroupSize: [64, 1, 1],
}

const scaleOperation: Operation<number> = {
  name: 'scale',
  kernels: ({ inputs, outputs, attributes }) => [
    {
      kernel: scale,
      tensors: { x: inputs.x, y: outputs.y },
      params: { count: 100, factor: attributes },
      workgroups: [2, 1, 1],
    },
  ],
}

function scaleChain() {
  const graph = new Graph()
  const x = bufferTensor('x', [100], 'f32', 'workspace')
  const middle = graph.expose('middle', graph.activation('middle', [100]))
  const y = graph.expose('y', graph.activation('y', [100]))
  graph.record(scaleOperation, { inputs: { x }, outputs: { y: middle }, attributes: 2 })
  graph.hostTurn()
  graph.record(scaleOperation, { inputs: { x: middle }, outputs: { y }, attributes: 5 })
  return graph
}

const floats = (bytes: Uint8Array<ArrayBuffer>) => new Float32Array(bytes.buffer)

it('runs stages in parts, with params, step values, host turns and readbacks', async () => {
  const runtime = await createRuntime(navigator.gpu)
  const plan = makePlan({ chain: scaleChain() }, runtime.traits)
  const executable = await runtime.realise(plan)
  expect(executable.allocatedBytes).toBe(plan.totalBytes)
  const { middle, y } = plan.stages.chain.exposed
  executable.write(
    plan.tensors.x,
    Float32Array.from({ length: 100 }, (_, i) => i),
  )
  executable.setStep({ learningRate: 0.5 })
  executable.run('chain', 0)
  expect(floats(await executable.read(middle))[99]).toBe(99)
  executable.write(middle, Float32Array.of(1000), 4 * 7)
  executable.run('chain', 1)
  const captured = floats(await executable.capture(y))
  expect([...captured.subarray(0, 9)]).toEqual([0, 2.5, 5, 7.5, 10, 12.5, 15, 2500, 20])
  executable.destroy()
})

it('creates nothing while it runs', async () => {
  const { calls, restore } = watchGpu()
  try {
    const runtime = await createRuntime(navigator.gpu)
    const plan = makePlan({ chain: scaleChain() }, runtime.traits)
    const executable = await runtime.realise(plan)
    expect(calls).toContain('createBindGroup')
    calls.length = 0
    for (let i = 0; i < 3; i++) executable.run('chain')
    await executable.capture(plan.stages.chain.exposed.y)
    expect(calls).toEqual(['mapAsync ring.0'])
    executable.destroy()
  } finally {
    restore()
  }
})

it('names a kernel that does not compile, and where', async () => {
  const runtime = await createRuntime(navigator.gpu)
  const broken: Operation<null> = {
    name: 'broken',
    kernels: ({ outputs }) => [
      {
        kernel: {
          ...scale,
          name: 'broken',
          source: 'fn main() { let a: u32 = 1.5; }',
          bindings: [scale.bindings[1]],
        },
        tensors: { y: outputs.y },
        params: { count: 1, factor: 1 },
        workgroups: [1, 1, 1],
      },
    ],
  }
  const graph = new Graph()
  graph.record(broken, {
    inputs: {},
    outputs: { y: bufferTensor('y', [4], 'f32', 'workspace') },
    attributes: null,
  })
  await expect(runtime.realise(makePlan({ broken: graph }, runtime.traits))).rejects.toMatchObject({
    code: 'device/kernel',
    message: expect.stringContaining('broken'),
  })
})
