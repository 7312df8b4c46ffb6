import { expect, test } from 'vitest'
import type { Operation } from '../../graph/operation.ts'
import type { Tensor } from '../../graph/tensor.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase } from '../../verify/op-case.ts'
import { checkAllVariants } from './test-op.ts'

/** y = 2x with dx (+)= 2 dy, made of WGSL that a test can break. */
function doubling(broken: { forward?: string; backward?: string; updates?: string[] } = {}): OpCase {
  const kernel = (name: string, body: string) => ({
    name,
    source: `@compute @workgroup_size(WORKGROUP_X) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      let i = id.x;
      if (i >= params.count) { return; }
      ${body}
    }`,
    bindings: [
      { name: 'x', element: 'f32', access: 'read_write' },
      { name: 'y', element: 'f32', access: 'read_write' },
    ] as const,
    params: [
      { name: 'count', type: 'u32' },
      { name: 'accumulate', type: 'u32' },
    ] as const,
    workgroupSize: [64, 1, 1] as const,
  })
  const calls = (name: string, body: string, x: Tensor, y: Tensor, accumulate: boolean) => [
    {
      kernel: kernel(name, body),
      tensors: { x, y },
      params: { count: 9, accumulate: Number(accumulate) },
      workgroups: [1, 1, 1] as const,
    },
  ]
  const backwardOperation: Operation<{ accumulate: boolean }> = {
    name: 'doubling_backward',
    kernels: ({ inputs, outputs, attributes }) =>
      calls(
        'doubling_backward',
        broken.backward ?? 'var d = 2.0 * x[i]; if (params.accumulate != 0u) { d += y[i]; } y[i] = d;',
        inputs.dy,
        outputs.dx,
        attributes.accumulate,
      ),
  }
  const operation: Operation<null> = {
    name: 'doubling',
    kernels: ({ inputs, outputs }) =>
      calls('doubling', broken.forward ?? 'y[i] = 2.0 * x[i];', inputs.x, outputs.y, false),
    backward({ inputs, outputs }, context) {
      const dy = context.gradient(outputs.y)
      const target = dy && context.target(inputs.x)
      if (!target) return
      const { tensor, accumulate } = target
      context.graph.record(backwardOperation, {
        inputs: { dy },
        outputs: { dx: tensor },
        updates: broken.updates ?? (accumulate ? ['dx'] : []),
        attributes: { accumulate },
      })
    },
  }
  return {
    name: 'doubling',
    inputs: { x: { shape: [9], data: uniformValues(9, 5), gradient: 'activation' } },
    build(graph, { x }) {
      const y = graph.activation('y', [9])
      graph.record(operation, { inputs: { x }, outputs: { y }, attributes: null })
      return { y }
    },
    reference: ({ x }, { y }) => ({
      outputs: { y: x.map((value) => 2 * value) },
      gradients: { x: y.map((value) => 2 * value) },
    }),
  }
}

test('a kernel that is right passes, with errors below float32 rounding', async () => {
  expect(await checkAllVariants(doubling())).toEqual({ y: 0, 'd(x)': expect.closeTo(0, 12) })
})

const mistakes: [what: string, broken: Parameters<typeof doubling>[0], message: RegExp][] = [
  ['reads the wrong element', { forward: 'y[i] = 2.0 * x[(i + 1u) % 9u];' }, /y has an NMSE/],
  ['is off by little', { forward: 'y[i] = 2.00002 * x[i];' }, /y has an NMSE of 1\.0e-10/],
  [
    'leaves out an element',
    { forward: 'if (i != 8u) { y[i] = 2.0 * x[i]; }' },
    /y has an NMSE of Infinity .* \[8\] is NaN/,
  ],
  ['reads what was never written', { forward: 'y[i] += 2.0 * x[i];' }, /y has an NMSE of Infinity/],
  [
    'writes one element past the end',
    { forward: 'y[i] = 2.0 * x[i]; y[9] = 0.0;' },
    /written 0 bytes past the end of y/,
  ],
  ['writes far past the end', { forward: 'y[i] = 2.0 * x[i]; y[i + 100u] = 0.0;' }, /past the end of y/],
  ['writes to its input', { forward: 'y[i] = 2.0 * x[i]; x[i] = 0.0;' }, /input x was changed at byte/],
  [
    'forgets to accumulate',
    { backward: 'y[i] = 2.0 * x[i];' },
    /d\(x\) has an NMSE .* gradients accumulated/,
  ],
  [
    'accumulates onto nothing',
    { backward: 'y[i] += 2.0 * x[i];' },
    /d\(x\) has an NMSE of Infinity .* gradients written/,
  ],
  [
    'has a wrong gradient',
    { backward: 'var d = -2.0 * x[i]; if (params.accumulate != 0u) { d += y[i]; } y[i] = d;' },
    /d\(x\) has an NMSE/,
  ],
  [
    'does not compile',
    { forward: 'y[i] = 2 * undefined_name;' },
    /Kernel doubling does not compile .*undefined_name/,
  ],
]

test.each(mistakes)('a kernel that %s fails', async (_, broken, message) => {
  await expect(checkAllVariants(doubling(broken))).rejects.toThrow(message)
})
