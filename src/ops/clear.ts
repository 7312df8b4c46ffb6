import type { Graph } from '../graph/graph.ts'
import type { Operation } from '../graph/operation.ts'
import type { Tensor } from '../graph/tensor.ts'

const clearOperation: Operation<null> = {
  name: 'clear',
  kernels: ({ outputs }) => [{ clear: outputs.cleared }],
}

/** Zeroes a tensor: gradients and sums before the first micro-batch of a step. */
export function clear(graph: Graph, tensor: Tensor): void {
  graph.record(clearOperation, { inputs: {}, outputs: { cleared: tensor }, attributes: null })
}
