import type { ModelConfig } from '../formats/model-config.ts'
import { bufferTensor } from '../graph/tensor.ts'
import type { KeyValueCache } from '../ops/cached-attention.ts'

/** Keys and values of up to `capacity` tokens of one sequence, for every decoder block: f32 [capacity, NKV · HD] each. */
export function declareCaches(
  { numLayers, numKvHeads, headDim }: ModelConfig,
  capacity: number,
): KeyValueCache[] {
  const cache = (block: number, part: string) =>
    bufferTensor(`kvCache.${block}.${part}`, [capacity, numKvHeads * headDim], 'f32', 'kvCache')
  return Array.from({ length: numLayers }, (_, block) => ({
    keys: cache(block, 'keys'),
    values: cache(block, 'values'),
  }))
}
