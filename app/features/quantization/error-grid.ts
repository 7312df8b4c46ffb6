import type { TensorQuantization } from '../../../src/session/events.ts'
import { isWorseHigh, type Measure } from './measures.ts'

/** Matrices by kind and block, and how bad each is among them. */
export interface ErrorGrid {
  /** Last part of the name (`q_proj`), in the order of the model. */
  kinds: string[]
  /** Ascending; null for what stands outside of the blocks. */
  blocks: (number | null)[]
  /** [kind][block] */
  cells: (TensorQuantization | undefined)[][]
  lowest: number
  highest: number
  /** 0 for the best of all, 1 for the worst (or for what is no number). */
  badness(tensor: TensorQuantization): number
}

export function errorGrid(tensors: readonly TensorQuantization[], measure: Measure): ErrorGrid {
  const kinds = [...new Set(tensors.map(kindOf))]
  const blocks = [...new Set(tensors.map(({ block }) => block))]
  const cells = kinds.map((): (TensorQuantization | undefined)[] => blocks.map(() => undefined))
  for (const tensor of tensors) cells[kinds.indexOf(kindOf(tensor))][blocks.indexOf(tensor.block)] = tensor
  const values = tensors.map((tensor) => tensor[measure]).filter(Number.isFinite)
  const lowest = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
  const highest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  return {
    kinds,
    blocks,
    cells,
    lowest,
    highest,
    badness(tensor) {
      const value = tensor[measure]
      // A matrix of zeros has no noise at all: infinitely many dB.
      if (!Number.isFinite(value)) return value === Number.POSITIVE_INFINITY && !isWorseHigh(measure) ? 0 : 1
      const share = highest > lowest ? (value - lowest) / (highest - lowest) : 0
      return isWorseHigh(measure) || highest === lowest ? share : 1 - share
    },
  }
}

const kindOf = ({ name }: TensorQuantization): string => name.replace(/\.weight$/, '').replace(/^.*\./, '')
