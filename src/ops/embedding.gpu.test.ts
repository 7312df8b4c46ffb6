import { embeddingForward } from '../reference/embedding.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import type { DenseInput } from '../verify/op-case.ts'
import { embedding } from './embedding.ts'
import { testOp } from './testing/test-op.ts'

function embeddingTest(
  ids: number[],
  vocabSize: number,
  hiddenSize: number,
  format: DenseInput['format'],
  scale = 1,
): void {
  testOp({
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
  })
}

embeddingTest([0], 1, 1, 'f32')
embeddingTest([6, 0, 0, 3, 6], 7, 5, 'f32')
embeddingTest([6, 0, 3], 7, 64, 'f32')
embeddingTest([6, 0, 3], 7, 5, 'bf16')
embeddingTest([6, 0, 3, 1], 7, 576, 'bf16')
embeddingTest([6, 0, 3], 7, 5, 'f16')
embeddingTest([6, 0, 3, 1], 7, 64, 'f16')
// Below 2^-14 a half is subnormal: some drivers would flush it.
embeddingTest([6, 0, 3, 1], 7, 64, 'f16', 1e-5)
