import { StudioError } from '../util/errors.ts'
import type { Values } from './array.ts'
import { add } from './array.ts'
import type { AttentionShape } from './attention.ts'
import type { Dropout } from './lora.ts'
import type { Llama3RopeScaling, RopeTables } from './rope.ts'
import { ropeFrequencies, ropeTables } from './rope.ts'

/** The fields of a Llama config.json that change the arithmetic. */
export interface DecoderConfig {
  hiddenSize: number
  intermediateSize: number
  numHiddenLayers: number
  numAttentionHeads: number
  numKeyValueHeads: number
  /** hiddenSize / numAttentionHeads when left out. */
  headDim?: number
  vocabSize: number
  rmsNormEps: number
  ropeTheta: number
  ropeScaling?: Llama3RopeScaling
}

/** Row-major tensors by name. */
export type Tensors = Readonly<Record<string, Values>>

/** What a module reads; modules that read the same tensor share one dropout mask. */
export type LoraInput = 'attention' | 'attention_output' | 'mlp' | 'mlp_activation'

export interface Decoder {
  config: DecoderConfig
  /** Hugging Face names (`model.layers.0.self_attn.q_proj.weight`), dequantized. Without `lm_head.weight` the head is tied. */
  weights: Tensors
  /** PEFT names (`base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`); modules without one are plain. */
  adapters?: Tensors
  /** alpha / rank or alpha / √rank; 1 when left out. */
  scaling?: number
  /** LoRA dropout by layer and input; none when left out. */
  dropout?: (layer: number, input: LoraInput) => Dropout
}

/** One micro-batch; all arrays [B · T]. A `Batch` of src/data fits. */
export interface DecoderBatch {
  batchSize: number
  sequenceLength: number
  inputIds: Values
  /** Already shifted by one; −1 ignored. */
  targets: Values
  /** 0 … T − 1 in every sequence when left out. */
  positionIds?: Values
  /** One segment a sequence when left out. */
  segmentIds?: Values
}

/** What the whole pass shares. */
export interface Pass {
  decoder: Decoder
  attention: AttentionShape
  rope: RopeTables
  wantsWeightGradients: boolean
  adapterGradients: Record<string, Float64Array>
  weightGradients: Record<string, Float64Array>
}

export function startPass(decoder: Decoder, batch: DecoderBatch, wantsWeightGradients: boolean): Pass {
  const { config } = decoder
  const { batchSize, sequenceLength, segmentIds } = batch
  const headDim = config.headDim ?? config.hiddenSize / config.numAttentionHeads
  const positions =
    batch.positionIds ?? Array.from({ length: batchSize * sequenceLength }, (_, n) => n % sequenceLength)
  return {
    decoder,
    attention: {
      batchSize,
      sequenceLength,
      heads: config.numAttentionHeads,
      kvHeads: config.numKeyValueHeads,
      headDim,
      segmentIds,
    },
    rope: ropeTables(positions, ropeFrequencies(headDim, config.ropeTheta, config.ropeScaling)),
    wantsWeightGradients,
    adapterGradients: {},
    weightGradients: {},
  }
}

export function weight(decoder: Decoder, name: string): Values {
  const values = decoder.weights[name]
  if (values) return values
  throw new StudioError('reference/name', `the weights have no ${name}`)
}

/** Adds, since a tied table is used at both ends. */
export function addWeightGradient(pass: Pass, name: string, gradient: () => Float64Array): void {
  if (!pass.wantsWeightGradients) return
  const earlier = pass.weightGradients[name]
  pass.weightGradients[name] = earlier ? add(earlier, gradient()) : gradient()
}
