import type { Graph } from './graph.ts'
import type { BackwardContext, GradientTarget, OpNode } from './operation.ts'
import type { Tensor } from './tensor.ts'

export interface BackwardOptions {
  /** Drop each block's activations and replay its forward right before its backward. */
  gradientCheckpointing: boolean
}

/**
 * Appends the reverse pass of everything recorded so far. It starts from the last node that has a backward rule (the
 * loss, which owns its own gradient seed) and walks the tape backwards. Frozen tensors, and whatever nothing
 * trainable lies below, never get a gradient.
 */
export function backward(graph: Graph, options: BackwardOptions): void {
  const forward = [...graph.nodes]
  const needed = tensorsThatNeedGradients(forward)
  const gradients = new Gradients(graph, needed)
  const blocks = options.gradientCheckpointing ? blockRanges(forward) : new Map<number, OpNode[]>()
  const replayed = new Map<OpNode, OpNode>()

  for (let index = forward.length - 1; index >= 0; index--) {
    const node = forward[index]
    if (node.block !== null && blocks.has(node.block)) {
      replay(graph, blocks.get(node.block) as OpNode[], node.block, gradients, replayed)
      blocks.delete(node.block)
    }
    const rule = node.operation.backward
    if (!rule) continue
    const source = replayed.get(node) ?? node
    const record = () => graph.during('backward', () => rule(source, gradients))
    if (node.block === null) record()
    else graph.block(node.block, record)
  }
}

/** Tensors with a trainable tensor at or below them. */
function tensorsThatNeedGradients(nodes: readonly OpNode[]): Set<Tensor> {
  const needed = new Set<Tensor>()
  for (const node of nodes) {
    const inputs = Object.values(node.inputs)
    for (const input of inputs) if (input.gradient) needed.add(input)
    if (!inputs.some((input) => needed.has(input))) continue
    for (const output of Object.values(node.outputs)) needed.add(output)
  }
  return needed
}

function blockRanges(nodes: readonly OpNode[]): Map<number, OpNode[]> {
  const ranges = new Map<number, OpNode[]>()
  for (const node of nodes) {
    if (node.block === null) continue
    const range = ranges.get(node.block)
    if (range) range.push(node)
    else ranges.set(node.block, [node])
  }
  return ranges
}

/**
 * Records a block's forward again with fresh outputs, so that the backward reads the replayed activations and the
 * first ones die after the forward. The block's own input survives from the forward. What the backward turns out not
 * to read is removed when the plan is made.
 */
function replay(
  graph: Graph,
  nodes: readonly OpNode[],
  block: number,
  gradients: Gradients,
  replayed: Map<OpNode, OpNode>,
): void {
  const fresh = new Map<Tensor, Tensor>()
  const remap = (tensors: Readonly<Record<string, Tensor>>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, fresh.get(tensor) ?? tensor]))
  graph.during('recompute', () =>
    graph.block(block, () => {
      for (const node of nodes) {
        for (const [name, output] of Object.entries(node.outputs)) {
          if (node.updates.includes(name) || output.home.kind !== 'activation') continue
          const copy = { ...output }
          fresh.set(output, copy)
          gradients.alias(copy, output)
        }
        const { operation, updates, attributes } = node
        replayed.set(
          node,
          graph.record(operation, {
            inputs: remap(node.inputs),
            outputs: remap(node.outputs),
            updates,
            attributes,
          }),
        )
      }
    }),
  )
}

/** Which gradient tensor belongs to which activation, and whether something has arrived in it. */
class Gradients implements BackwardContext {
  private readonly byTensor = new Map<Tensor, Tensor>()
  private readonly original = new Map<Tensor, Tensor>()

  constructor(
    readonly graph: Graph,
    private readonly needed: ReadonlySet<Tensor>,
  ) {}

  /** A replayed activation has the gradient of the one it repeats. */
  alias(copy: Tensor, original: Tensor): void {
    this.original.set(copy, this.canonical(original))
  }

  gradient(output: Tensor): Tensor | null {
    return this.byTensor.get(this.canonical(output)) ?? null
  }

  target(input: Tensor): GradientTarget | null {
    if (input.gradient) return { tensor: input.gradient, accumulate: true }
    const key = this.canonical(input)
    if (!this.needed.has(key)) return null
    const existing = this.byTensor.get(key)
    if (existing) return { tensor: existing, accumulate: true }
    const tensor = this.graph.activation(`d(${key.name})`, key.shape)
    this.byTensor.set(key, tensor)
    return { tensor, accumulate: false }
  }

  share(input: Tensor, gradient: Tensor): boolean {
    const key = this.canonical(input)
    if (!this.needed.has(key)) return true
    if (this.byTensor.has(key)) return false
    this.byTensor.set(key, gradient)
    return true
  }

  private canonical(tensor: Tensor): Tensor {
    return this.original.get(tensor) ?? tensor
  }
}
