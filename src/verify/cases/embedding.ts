import { embedding } from '../../ops/embedding.ts'
import { embeddingBackward, embeddingForward } from '../../reference/embedding.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { DenseInput, OpCase } from '../op-case.ts'

/** Rows of a table by their ids, and the gradient of a table in f32. */
export function embeddingCase(
  ids: number[],
  vocabSize: number,
  hiddenSize: number,
  format: DenseInput['format'],
  scale = 1,
): OpCase {
  const sorted = ids.map((_, n) => n).sort((a, b) => ids[a] - ids[b])
  return {
    name: `embedding of ${ids.length} tokens, ${format} [${vocabSize}, ${hiddenSize}], values up to ${scale}`,
    inputs: {
      ids: { shape: [ids.length], data: ids, format: 'u32' },
      sorted: { shape: [ids.length], data: sorted, format: 'u32' },
      table: {
        shape: [vocabSize, hiddenSize],
        data: uniformValues(vocabSize * hiddenSize, 3, -scale, scale),
        format,
        ...(format === 'f32' && { gradient: 'parameter' }),
      },
    },
    build: (graph, { ids: idTensor, sorted: sortedTensor, table }) => ({
      x: embedding(graph, { ids: idTensor, sorted: sortedTensor, table, tokens: ids.length, hiddenSize }),
    }),
    reference: ({ ids, table }, { x }) => ({
      outputs: { x: embeddingForward(ids, table, hiddenSize) },
      ...(x && { gradients: { table: embeddingBackward(x, ids, vocabSize, hiddenSize) } }),
    }),
    tolerance: { x: 0 },
  }
}
