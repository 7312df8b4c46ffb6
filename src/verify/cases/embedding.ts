import { embedding } from '../../ops/embedding.ts'
import { embeddingForward } from '../../reference/embedding.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { DenseInput, OpCase } from '../op-case.ts'

/** Rows of a table by their ids. */
export function embeddingCase(
  ids: number[],
  vocabSize: number,
  hiddenSize: number,
  format: DenseInput['format'],
  scale = 1,
): OpCase {
  return {
    name: `embedding of ${ids.length} tokens, ${format} [${vocabSize}, ${hiddenSize}], values up to ${scale}`,
    inputs: {
      ids: { shape: [ids.length], data: ids, format: 'u32' },
      table: {
        shape: [vocabSize, hiddenSize],
        data: uniformValues(vocabSize * hiddenSize, 3, -scale, scale),
        format,
      },
    },
    build: (graph, { ids: idTensor, table }) => ({
      x: embedding(graph, { ids: idTensor, table, tokens: ids.length, hiddenSize }),
    }),
    reference: ({ ids, table }) => ({ outputs: { x: embeddingForward(ids, table, hiddenSize) } }),
    tolerance: 0,
  }
}
