import { Graph } from '../graph/graph.ts'
import type { StorageFormat, Tensor } from '../graph/tensor.ts'

/** Bytes behind every tensor that no kernel may write. They are inside the binding, so that no bounds check saves a bad kernel. */
export const FENCE_BYTES = 512

/** A quiet NaN that no arithmetic makes: what nothing has written still holds it. */
export const SENTINEL = 0x7fc0dead

/** The same tensor with a fence behind it. */
export const fenced = (tensor: Tensor): Tensor => ({ ...tensor, sizeBytes: tensor.sizeBytes + FENCE_BYTES })

/** A graph whose activations all end in a fence and all stay alive to the end of the stage, so that both can be looked at. */
export class FencedGraph extends Graph {
  /** Recorded activations by the name they are exposed under. */
  readonly fencedActivations = new Map<string, Tensor>()
  private recording = true

  override activation(
    name: string,
    shape: readonly number[],
    format: Exclude<StorageFormat, 'nf4' | 'fp4'> = 'f32',
  ): Tensor {
    const tensor = fenced(super.activation(name, shape, format))
    // Scratch space, which only the planner asks for, may be reused: its fence need not survive.
    if (this.recording) this.fencedActivations.set(`${this.fencedActivations.size} ${name}`, tensor)
    return tensor
  }

  /** Call when everything is recorded. */
  exposeAll(): void {
    this.recording = false
    const used = new Set(this.nodes.flatMap(({ outputs }) => Object.values(outputs)))
    for (const [name, tensor] of this.fencedActivations) if (used.has(tensor)) this.expose(name, tensor)
  }
}
