import type { OpNode } from './operation.ts'
import type { Tensor } from './tensor.ts'

/** First and last index at which an arena tensor's bytes matter, both inclusive. */
export interface Lifetime {
  tensor: Tensor
  first: number
  last: number
}

/** Leaves out nodes that nothing reads: e.g. the part of a replayed block that the backward does not use. */
export function withoutUnused(nodes: readonly OpNode[], exposed: Iterable<Tensor>): OpNode[] {
  const used = new Set<Tensor>(exposed)
  const kept: OpNode[] = []
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index]
    const outputs = Object.values(node.outputs)
    if (!outputs.some((output) => output.home.kind !== 'activation' || used.has(output))) continue
    kept.push(node)
    for (const input of Object.values(node.inputs)) used.add(input)
    for (const name of node.updates) used.add(node.outputs[name])
  }
  return kept.reverse()
}

/**
 * Lifetimes of the arena tensors of a tape. Exposed tensors live from before the first node to after the last one,
 * so that the host may write them before or read them after the stage.
 */
export function lifetimes(nodes: readonly OpNode[], exposed: Iterable<Tensor>): Lifetime[] {
  const byTensor = new Map<Tensor, Lifetime>()
  for (const tensor of exposed) {
    if (tensor.home.kind === 'activation') byTensor.set(tensor, { tensor, first: -1, last: nodes.length })
  }
  nodes.forEach((node, index) => {
    for (const tensor of Object.values(node.inputs)) touch(tensor, index, node, true)
    for (const [name, tensor] of Object.entries(node.outputs))
      touch(tensor, index, node, node.updates.includes(name))
  })
  return [...byTensor.values()]

  function touch(tensor: Tensor, index: number, node: OpNode, reads: boolean): void {
    if (tensor.home.kind !== 'activation') return
    const known = byTensor.get(tensor)
    if (known) {
      known.last = Math.max(known.last, index)
    } else {
      if (reads) throw new Error(`${node.operation.name} reads ${tensor.name} before anything has written it`)
      byTensor.set(tensor, { tensor, first: index, last: index })
    }
  }
}
