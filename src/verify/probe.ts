import type { Graph } from '../graph/graph.ts'
import type { Kernel } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'

/** Writes `from` to `to`, or adds it: what the probes below are made of. Not one of the ops under test. */
const copyKernel: Kernel = {
  name: 'testing_copy',
  source: `
    @compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      if (id.x >= params.count) { return; }
      var value = source[id.x];
      if (params.accumulate != 0u) { value += destination[id.x]; }
      destination[id.x] = value;
    }`,
  bindings: [
    { name: 'source', element: 'f32', access: 'read' },
    { name: 'destination', element: 'f32', access: 'read_write' },
  ],
  params: [
    { name: 'count', type: 'u32' },
    { name: 'accumulate', type: 'u32' },
  ],
  workgroupSize: [64, 1, 1],
}

/** Whether a kernel is one of the probes. */
export const isProbe = ({ name }: Pick<Kernel, 'name'>): boolean => name === copyKernel.name

const copyOperation: Operation<{ accumulate: boolean }> = {
  name: 'testing_copy',
  kernels({ inputs, outputs, attributes }) {
    const count = elementCount(inputs.source.shape)
    return [
      {
        kernel: copyKernel,
        tensors: { source: inputs.source, destination: outputs.destination },
        params: { count, accumulate: Number(attributes.accumulate) },
        workgroups: [Math.ceil(count / 64), 1, 1],
      },
    ]
  },
}

const asActivationOperation: Operation<{ accumulate: boolean }> = {
  ...copyOperation,
  name: 'testing_as_activation',
  backward(node, context) {
    const gradient = context.gradient(node.outputs.destination)
    const target = context.target(node.inputs.source)
    if (gradient && target) copyInto(context.graph, gradient, target.tensor, target.accumulate)
  },
}

function copyInto(graph: Graph, source: Tensor, destination: Tensor, accumulate: boolean): void {
  graph.record(copyOperation, {
    inputs: { source },
    outputs: { destination },
    updates: accumulate ? ['destination'] : [],
    attributes: { accumulate },
  })
}

/** A trainable tensor as an activation, whose gradient an op writes where it would add to that of a parameter. */
export function asActivation(graph: Graph, trainable: Tensor): Tensor {
  const destination = graph.activation(`activation of ${trainable.name}`, trainable.shape)
  graph.record(asActivationOperation, {
    inputs: { source: trainable },
    outputs: { destination },
    attributes: { accumulate: false },
  })
  return destination
}

const lossOperation: Operation<{ pairs: { output: Tensor; gradient: Tensor }[] }> = {
  name: 'testing_loss',
  kernels: ({ outputs }) => [{ clear: outputs.loss }],
  backward(node, context) {
    for (const { output, gradient } of node.attributes.pairs) {
      const target = context.target(output)
      if (target) copyInto(context.graph, gradient, target.tensor, target.accumulate)
    }
  },
}

/** Ends a tape with a loss whose gradient by each output is the given tensor. */
export function lossWithGradients(graph: Graph, pairs: { output: Tensor; gradient: Tensor }[]): void {
  const inputs = Object.fromEntries(pairs.map(({ output }, index) => [`output${index}`, output]))
  graph.record(lossOperation, {
    inputs,
    outputs: { loss: graph.activation('loss', [1]) },
    attributes: { pairs },
  })
}
