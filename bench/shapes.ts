import type { ModelConfig } from '../src/formats/model-config.ts'

/** A model's shape and the batch that is timed on it. */
export interface BenchShape {
  model: ModelConfig
  batchSize: number
  sequenceLength: number
  rank: number
}

const llama = (
  hiddenSize: number,
  intermediateSize: number,
  numLayers: number,
  numHeads: number,
  numKvHeads: number,
  vocabSize: number,
  tieWordEmbeddings = true,
): ModelConfig => ({
  family: 'llama',
  hiddenSize,
  intermediateSize,
  numLayers,
  numHeads,
  numKvHeads,
  headDim: hiddenSize / numHeads,
  vocabSize,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  ropeScaling: { type: 'default' },
  tieWordEmbeddings,
  maxPositionEmbeddings: 2048,
  bosTokenId: 0,
  eosTokenIds: [0],
  padTokenId: null,
  dtype: 'bfloat16',
})

export const SHAPES: Record<string, BenchShape> = {
  /** The embedded model on its README's batch. */
  'studio-tiny-3m': { model: llama(192, 512, 6, 6, 2, 4096), batchSize: 16, sequenceLength: 64, rank: 8 },
  /** The same with an adapter whose moments are worth paging. */
  'studio-tiny-3m-rank-64': {
    model: llama(192, 512, 6, 6, 2, 4096),
    batchSize: 16,
    sequenceLength: 64,
    rank: 64,
  },
  /** And with so few rows that there is little to hide the paging behind. */
  'studio-tiny-3m-rank-64-2-rows': {
    model: llama(192, 512, 6, 6, 2, 4096),
    batchSize: 2,
    sequenceLength: 64,
    rank: 64,
  },
  /** Two layers of SmolLM2-135M's shape. */
  'smollm2-135m-2-layers': {
    model: llama(576, 1536, 2, 9, 3, 49152),
    batchSize: 2,
    sequenceLength: 128,
    rank: 8,
  },
  /** Two layers of TinyLlama-1.1B's shape. */
  'tinyllama-1.1b-2-layers': {
    model: llama(2048, 5632, 2, 32, 4, 32000, false),
    batchSize: 1,
    sequenceLength: 128,
    rank: 16,
  },
  /** The whole of SmolLM2-135M: for real GPUs. */
  'smollm2-135m': { model: llama(576, 1536, 30, 9, 3, 49152), batchSize: 4, sequenceLength: 512, rank: 16 },
  /** The whole of TinyLlama-1.1B: for real GPUs. */
  'tinyllama-1.1b': {
    model: llama(2048, 5632, 22, 32, 4, 32000, false),
    batchSize: 4,
    sequenceLength: 512,
    rank: 16,
  },
}

/** What a run without names times: small enough for two CPU cores. */
export const DEFAULT_SHAPES = ['studio-tiny-3m', 'smollm2-135m-2-layers']
