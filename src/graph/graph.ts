import type { Operation, OpNode, Phase } from './operation.ts'
import { denseBytes, type StorageFormat, type Tensor } from './tensor.ts'

export interface Recording<Attributes> {
  inputs: Record<string, Tensor>
  outputs: Record<string, Tensor>
  updates?: readonly string[]
  attributes: Attributes
}

/** The tape: ops in the order they run, on symbolic tensors. Nothing is computed here. */
export class Graph {
  readonly nodes: OpNode[] = []
  /** Activations that must outlive their last reader because the host reads or writes them, by name. */
  readonly exposed = new Map<string, Tensor>()
  /** Nodes after which the host takes a turn: a stage then runs in parts. */
  readonly hostTurns = new Set<OpNode>()
  private currentBlock: number | null = null
  private currentPhase: Phase

  constructor(phase: Phase = 'forward') {
    this.currentPhase = phase
  }

  /** A tensor of the arena. */
  activation(
    name: string,
    shape: readonly number[],
    format: Exclude<StorageFormat, 'nf4' | 'fp4'> = 'f32',
  ): Tensor {
    return {
      name,
      shape,
      format,
      sizeBytes: denseBytes(shape, format),
      home: { kind: 'activation' },
      bytes: {},
    }
  }

  record<Attributes>(operation: Operation<Attributes>, recording: Recording<Attributes>): OpNode<Attributes> {
    const node: OpNode<Attributes> = {
      operation,
      inputs: recording.inputs,
      outputs: recording.outputs,
      updates: recording.updates ?? [],
      attributes: recording.attributes,
      phase: this.currentPhase,
      block: this.currentBlock,
    }
    this.nodes.push(node as OpNode)
    return node
  }

  /** Marks what `body` records as decoder block `index`: the unit of gradient checkpointing. */
  block<T>(index: number, body: () => T): T {
    const outer = this.currentBlock
    this.currentBlock = index
    try {
      return body()
    } finally {
      this.currentBlock = outer
    }
  }

  /** Records what `body` records as part of `phase`. */
  during<T>(phase: Phase, body: () => T): T {
    const outer = this.currentPhase
    this.currentPhase = phase
    try {
      return body()
    } finally {
      this.currentPhase = outer
    }
  }

  /** Ends a part of the stage here: the host reads and writes exposed tensors before it runs the next part. */
  hostTurn(): void {
    const last = this.nodes.at(-1)
    if (last) this.hostTurns.add(last)
  }

  /** Keeps an activation for the host, which finds it under `name` in the planned stage. */
  expose(name: string, tensor: Tensor): Tensor {
    this.exposed.set(name, tensor)
    return tensor
  }
}
