import { describe, expect, it } from 'vitest'
import { backward } from './backward.ts'
import { DEFAULT_TRAITS } from './device.ts'
import { Graph } from './graph.ts'
import type { Kernel } from './kernel.ts'
import { makePlan } from './make-plan.ts'
import type { Operation } from './operation.ts'
import { ParameterPool } from './pool.ts'
import { bufferTensor, type Tensor } from './tensor.ts'

/** Kernels that are never run: only their bindings matter here. */
const kernel = (name: string, inputs: string[], output: string, accumulate = false): Kernel => ({
  name,
  source: '',
  bindings: [
    ...inputs.map((input) => ({ name: input, element: 'f32', access: 'read' as const })),
    { name: output, element: 'f32', access: accumulate ? ('read_write' as const) : ('write' as const) },
  ],
  params: [{ name: 'count', type: 'u32' }],
  workgroupSize: [64, 1, 1],
})

const call = (k: Kernel, tensors: Record<string, Tensor>, count = 1) => [
  { kernel: k, tensors, params: { count }, workgroups: [1, 1, 1] as const },
]

/** y = x · p, whose backward needs x and p. */
const multiply: Operation<null> = {
  name: 'multiply',
  kernels: ({ inputs, outputs }) =>
    call(kernel('multiply', ['x', 'p'], 'y'), { x: inputs.x, p: inputs.p, y: outputs.y }),
  backward(node, context) {
    const dy = context.gradient(node.outputs.y)
    if (!dy) return
    for (const name of ['x', 'p']) {
      const target = context.target(node.inputs[name])
      if (!target) continue
      const { tensor, accumulate } = target
      context.graph.record(multiplyBackward, {
        inputs: { dy, other: name === 'x' ? node.inputs.p : node.inputs.x },
        outputs: { d: tensor },
        updates: accumulate ? ['d'] : [],
        attributes: accumulate,
      })
    }
  },
}

const multiplyBackward: Operation<boolean> = {
  name: 'multiply_backward',
  kernels: ({ inputs, outputs, attributes }) =>
    call(
      kernel(attributes ? 'multiply_backward.add' : 'multiply_backward', ['dy', 'other'], 'd', attributes),
      {
        dy: inputs.dy,
        other: inputs.other,
        d: outputs.d,
      },
    ),
}

const seed: Operation<null> = {
  name: 'seed',
  kernels: ({ inputs, outputs }) => call(kernel('seed', ['x'], 'dx'), { x: inputs.x, dx: outputs.dx }),
  backward(node, context) {
    context.share(node.inputs.x, node.outputs.dx)
  },
}

function chain(blocks: number, gradientCheckpointing: boolean) {
  const pool = new ParameterPool('adapter')
  const graph = new Graph()
  let x = bufferTensor('input', [1000], 'f32', 'workspace')
  for (let b = 0; b < blocks; b++) {
    graph.block(b, () => {
      for (let i = 0; i < 4; i++) {
        const y = graph.activation(`y${b}.${i}`, [1000])
        graph.record(multiply, {
          inputs: { x, p: pool.add(`p${b}.${i}`, [1000]) },
          outputs: { y },
          attributes: null,
        })
        x = y
      }
    })
  }
  const dx = graph.activation('dx', [1000])
  graph.record(seed, { inputs: { x }, outputs: { dx }, attributes: null })
  backward(graph, { gradientCheckpointing })
  return { graph, pool, plan: makePlan({ step: graph }, DEFAULT_TRAITS, pool.companion('m')) }
}

describe('backward', () => {
  it('gives every parameter one gradient node and nothing to a frozen input', () => {
    const { graph, pool } = chain(2, false)
    const written = graph.nodes
      .filter(({ phase }) => phase === 'backward')
      .map(({ outputs }) => outputs.d.name)
    for (const tensor of pool.tensors)
      expect(written.filter((name) => name === `${tensor.name}.gradient`)).toHaveLength(1)
    expect(written).not.toContain('d(input)')
  })

  it('replays blocks when checkpointing: more dispatches, less memory', () => {
    const kept = chain(6, false).plan
    const replayed = chain(6, true).plan
    expect(replayed.dispatches.step).toBeGreaterThan(kept.dispatches.step)
    expect(replayed.bytes.activations).toBeLessThan(kept.bytes.activations)
    // The last product of every block is not read by the backward, so its replay is dropped.
    expect(replayed.dispatches.step - kept.dispatches.step).toBe(6 * 3)
  })
})

describe('makePlan', () => {
  it('counts every byte of every buffer once', () => {
    const { plan, pool } = chain(3, true)
    const byCategory = Object.values(plan.bytes).reduce((sum, bytes) => sum + bytes, 0)
    expect(byCategory).toBe(plan.totalBytes)
    expect(plan.totalBytes).toBe(plan.buffers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
    expect(plan.bytes.adapters).toBe(pool.sizeBytes)
    expect(plan.bytes.gradients).toBe(pool.sizeBytes)
    expect(plan.bytes.optimizer).toBe(pool.sizeBytes)
  })

  it('never binds a buffer both read-only and read-write in one dispatch', () => {
    const { plan } = chain(3, true)
    for (const command of plan.stages.step.commands) {
      if (command.kind !== 'dispatch') continue
      const modes = new Map<number, Set<string>>()
      plan.kernels[command.kernel].access.forEach((access, index) => {
        const { buffer } = command.bindings[index]
        modes.set(buffer, (modes.get(buffer) ?? new Set()).add(access))
      })
      for (const set of modes.values()) expect(set.size).toBe(1)
    }
  })

  it('is plain data', () => {
    const { plan } = chain(2, true)
    expect(structuredClone(plan)).toEqual(plan)
  })

  it('refuses a kernel that would read what it overwrites', () => {
    const graph = new Graph()
    const x = graph.expose('x', graph.activation('x', [4]))
    graph.record(multiply, {
      inputs: { x, p: bufferTensor('p', [4], 'f32', 'weights') },
      outputs: { y: x },
      updates: ['y'],
      attributes: null,
    })
    expect(() => makePlan({ step: graph }, DEFAULT_TRAITS)).toThrow(/x and y to overlapping bytes/)
  })

  it('names a missing parameter and a dispatch beyond the limit', () => {
    const broken = (calls: ReturnType<typeof call>): Operation<null> => ({
      name: 'broken',
      kernels: () => calls,
    })
    const y = bufferTensor('y', [4], 'f32', 'workspace')
    const record = (operation: Operation<null>) => {
      const graph = new Graph()
      graph.record(operation, { inputs: {}, outputs: { y }, attributes: null })
      return makePlan({ step: graph }, DEFAULT_TRAITS)
    }
    const k = kernel('broken', [], 'y')
    expect(() =>
      record(broken([{ kernel: k, tensors: { y }, params: {} as { count: number }, workgroups: [1, 1, 1] }])),
    ).toThrow(/no value for its parameter count/)
    expect(() =>
      record(
        broken([{ kernel: k, tensors: { y }, params: { count: 1 }, workgroups: [70000, 1, 1] as never }]),
      ),
    ).toThrow(/70000×1×1/)
  })
})
