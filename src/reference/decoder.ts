import type { Values } from './array.ts'
import type { TokenLosses } from './cross-entropy.ts'
import type { BlockRecord } from './decoder-block.ts'
import { blockBackward, blockForward, normBackward } from './decoder-block.ts'
import type { Decoder, DecoderBatch } from './decoder-pass.ts'
import { addWeightGradient, startPass, weight } from './decoder-pass.ts'
import { embeddingBackward, embeddingForward } from './embedding.ts'
import { lmHeadLossBackward, lmHeadLossForward } from './lm-head-loss.ts'
import { rmsnormForward } from './rmsnorm.ts'

export type {
  Decoder,
  DecoderBatch,
  DecoderConfig,
  LoraInput,
  Tensors,
} from './decoder-pass.ts'

const EMBEDDING = 'model.embed_tokens.weight'
const FINAL_NORM = 'model.norm.weight'

export interface DecoderOptions {
  /** The gradients are of gradScale · lossSum; 1 / supervised tokens of this batch when left out. */
  gradScale?: number
  /** Also the gradients of every base weight (full fine-tuning); costs time. */
  weightGradients?: boolean
}

export interface DecoderResult extends TokenLosses {
  /** [N, V] */
  logits: Float64Array
  /** By the adapters' own names. */
  adapterGradients: Record<string, Float64Array>
  /** By the weights' own names, a tied table once; empty unless asked for. */
  weightGradients: Record<string, Float64Array>
}

/** Supervision of each position from unshifted labels [B · T] (−100 ignored): the next label of its sequence, −1 at the end. */
export function nextTokenTargets(labels: Values, sequenceLength: number): Int32Array {
  return Int32Array.from(labels, (_, n) => {
    const isLast = n % sequenceLength === sequenceLength - 1
    return isLast || labels[n + 1] === -100 ? -1 : labels[n + 1]
  })
}

/** Forward and backward of a Llama decoder with LoRA, all in float64. Equals the golden oracle to its stored precision. */
export function decoderLossAndGradients(
  decoder: Decoder,
  batch: DecoderBatch,
  options: DecoderOptions = {},
): DecoderResult {
  const { config, weights } = decoder
  const { hiddenSize, vocabSize, rmsNormEps, numHiddenLayers } = config
  const pass = startPass(decoder, batch, options.weightGradients ?? false)
  const headName = weights['lm_head.weight'] ? 'lm_head.weight' : EMBEDDING
  const head = weight(decoder, headName)
  const headShape = { hiddenSize, vocabSize }

  let x = embeddingForward(batch.inputIds, weight(decoder, EMBEDDING), hiddenSize)
  const blocks: BlockRecord[] = []
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const block = blockForward(pass, layer, x)
    blocks.push(block)
    x = block.out
  }
  const norm = rmsnormForward(x, weight(decoder, FINAL_NORM), rmsNormEps)
  const loss = lmHeadLossForward(norm.y, head, batch.targets, headShape)

  const gradScale = options.gradScale ?? 1 / loss.count
  const dHead = lmHeadLossBackward(norm.y, head, batch.targets, loss.lse, headShape, gradScale)
  addWeightGradient(pass, headName, () => dHead.dW)
  let dx = normBackward(pass, FINAL_NORM, dHead.dx, x, norm.rstd)
  for (let layer = numHiddenLayers - 1; layer >= 0; layer--)
    dx = blockBackward(pass, layer, dx, blocks[layer])
  addWeightGradient(pass, EMBEDDING, () => embeddingBackward(dx, batch.inputIds, vocabSize, hiddenSize))

  return {
    ...loss,
    adapterGradients: pass.adapterGradients,
    weightGradients: pass.weightGradients,
  }
}
