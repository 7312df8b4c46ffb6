import type { Dtype } from '../formats/dtype.ts'
import {
  EMBEDDING_WEIGHT,
  FINAL_NORM_WEIGHT,
  LAYER_LINEARS,
  type LayerLinear,
  LM_HEAD_WEIGHT,
  linearModule,
  linearShape,
} from '../formats/llama-weights.ts'
import type { ModelConfig } from '../formats/model-config.ts'
import type { ParameterPool } from '../graph/pool.ts'
import type { QuantizedStorage } from '../graph/tensor.ts'
import { bufferTensor, quantizedTensor, type StorageFormat, type Tensor } from '../graph/tensor.ts'
import { quantLayout } from '../quant/layout.ts'

/** A linear layer of a block: its weight, and the adapter that trains on it. */
export interface DecoderLinear {
  /** `model.layers.0.self_attn.q_proj` */
  module: string
  /** [out, in] */
  weight: Tensor
  adapter?: Adapter
}

/** LoRA on one linear: y += scaling · B(A(drop(x))). */
export interface Adapter {
  /** [rank, in] */
  A: Tensor
  /** [out, rank] */
  B: Tensor
  scaling: number
  dropout: number
}

export interface DecoderBlock {
  inputNorm: Tensor
  postAttentionNorm: Tensor
  linears: Record<LayerLinear, DecoderLinear>
}

/** Every weight of a decoder as a symbolic tensor, named as in its checkpoint. */
export interface DecoderWeights {
  /** [V, C] */
  embedding: Tensor
  blocks: DecoderBlock[]
  finalNorm: Tensor
  /** [V, C]; the embedding itself where they are tied. */
  head: Tensor
  /** Values of the 4-bit codes and of the nested scale codes; null for an unquantized base. */
  codebook: Tensor | null
}

const DENSE_FORMAT: Partial<Record<Dtype, Exclude<StorageFormat, 'nf4' | 'fp4'>>> = {
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
}

/** f32 values of the shared code book: 16 codes, 256 nested scale codes. */
export const CODE_BOOK_LENGTH = 16 + 256

export interface WeightStorage {
  /** Dtype of a checkpoint tensor by its name: of weights that are stored as they come. */
  dtypeOf: (name: string) => Dtype
  /** Of the linears; null leaves them as they come. */
  quantization: QuantizedStorage | null
  /** Where all weights are trained: f32, whatever their dtype was. */
  trained?: ParameterPool | null
}

/** Declares the weights of a model, and how each is stored. */
export function declareWeights(
  config: ModelConfig,
  { dtypeOf, quantization, trained }: WeightStorage,
): DecoderWeights {
  const { hiddenSize, vocabSize } = config
  const dense = (name: string, shape: readonly number[]): Tensor => {
    if (trained) return trained.add(name, shape)
    const format = DENSE_FORMAT[dtypeOf(name)]
    if (!format) throw new Error(`${name} is stored as ${dtypeOf(name)}, which is no weight format`)
    return bufferTensor(name, shape, format, 'weights')
  }
  const linear = (layer: number, name: LayerLinear): DecoderLinear => {
    const module = linearModule(layer, name)
    const shape = linearShape(config, name)
    const key = `${module}.weight`
    const weight = quantization
      ? quantizedTensor(key, shape, quantization, quantLayout(shape, quantization))
      : dense(key, shape)
    return { module, weight }
  }
  const embedding = dense(EMBEDDING_WEIGHT, [vocabSize, hiddenSize])
  return {
    embedding,
    blocks: Array.from({ length: config.numLayers }, (_, layer) => ({
      inputNorm: dense(`model.layers.${layer}.input_layernorm.weight`, [hiddenSize]),
      postAttentionNorm: dense(`model.layers.${layer}.post_attention_layernorm.weight`, [hiddenSize]),
      linears: Object.fromEntries(LAYER_LINEARS.map((name) => [name, linear(layer, name)])) as Record<
        LayerLinear,
        DecoderLinear
      >,
    })),
    finalNorm: dense(FINAL_NORM_WEIGHT, [hiddenSize]),
    head: config.tieWordEmbeddings ? embedding : dense(LM_HEAD_WEIGHT, [vocabSize, hiddenSize]),
    codebook: quantization ? bufferTensor('codebook', [CODE_BOOK_LENGTH], 'f32', 'scales') : null,
  }
}

/** Every weight tensor once, in the order of the forward pass. */
export function weightTensors(weights: DecoderWeights): Tensor[] {
  const blocks = weights.blocks.flatMap(({ inputNorm, postAttentionNorm, linears }) => [
    inputNorm,
    ...LAYER_LINEARS.slice(0, 4).map((name) => linears[name].weight),
    postAttentionNorm,
    ...LAYER_LINEARS.slice(4).map((name) => linears[name].weight),
  ])
  return [...new Set([weights.embedding, ...blocks, weights.finalNorm, weights.head])]
}

export const decoderLinears = (weights: DecoderWeights): DecoderLinear[] =>
  weights.blocks.flatMap(({ linears }) => LAYER_LINEARS.map((name) => linears[name]))

/** The same weights without what trains on them: the base alone. */
export const withoutAdapters = (weights: DecoderWeights): DecoderWeights => ({
  ...weights,
  blocks: weights.blocks.map((block) => ({
    ...block,
    linears: Object.fromEntries(
      LAYER_LINEARS.map((name) => [
        name,
        { module: block.linears[name].module, weight: block.linears[name].weight },
      ]),
    ) as Record<LayerLinear, DecoderLinear>,
  })),
})
