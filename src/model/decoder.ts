import type { LayerLinear } from '../formats/llama-weights.ts'
import type { ModelConfig } from '../formats/model-config.ts'
import type { Graph } from '../graph/graph.ts'
import type { Tensor } from '../graph/tensor.ts'
import { attention } from '../ops/attention.ts'
import { cachedAttention, type KeyValueCache } from '../ops/cached-attention.ts'
import { embedding } from '../ops/embedding.ts'
import { lastRow } from '../ops/last-row.ts'
import { linear } from '../ops/linear.ts'
import { residual } from '../ops/residual.ts'
import { rmsnorm } from '../ops/rmsnorm.ts'
import { rope } from '../ops/rope.ts'
import { swiglu } from '../ops/swiglu.ts'
import type { DecoderBlock, DecoderWeights } from './weights.ts'

/** What every forward pass reads besides weights. */
interface TokenInputs {
  /** u32 [N] */
  ids: Tensor
  /** u32 [N]: positions by their tokens, where the embedding is trained (ops/embedding). */
  sorted?: Tensor
  /** u32 [N]: rows of the rotation tables. */
  positions: Tensor
  /** f32 [positions, HD/2] */
  cos: Tensor
  sin: Tensor
}

/** Whole sequences; N = B·T. Positions restart with each document. */
export interface DecoderInputs extends TokenInputs {
  batchSize: number
  sequenceLength: number
  /** u32 [N]; tokens attend only within their segment. */
  segments: Tensor
}

/** The next tokens of one sequence, of which the KV cache holds the earlier ones. */
export interface CachedInputs extends TokenInputs {
  /** N, of which the first `step.tokenCount` are tokens and the others padding. */
  tokens: number
  /** Of each block. */
  caches: readonly KeyValueCache[]
}

export interface DecoderOptions {
  /** Adapter dropout is drawn only in training. */
  train: boolean
}

/** A Llama decoder up to the LM head: token ids → normalised hidden states [N, C]. */
export function decode(
  graph: Graph,
  config: ModelConfig,
  weights: DecoderWeights,
  inputs: DecoderInputs,
  options: DecoderOptions,
): Tensor {
  const { batchSize, sequenceLength, segments } = inputs
  const attend: Attend = (q, k, v, heads) =>
    attention(graph, q, k, v, { segments, batchSize, sequenceLength, ...heads })
  const x = decodeBlocks(
    graph,
    config,
    weights,
    { ...inputs, tokens: batchSize * sequenceLength },
    attend,
    options,
  ) // [N, C]
  return rmsnorm(graph, x, weights.finalNorm, config.rmsNormEps) // [N, C]
}

/**
 * The same decoder on the next tokens of a sequence: appends their keys and values to the cache. `beforeLast`, where
 * given, is called when all blocks are recorded: what follows serves the last token alone. → its normalised hidden
 * state [1, C]
 */
export function decodeNext(
  graph: Graph,
  config: ModelConfig,
  weights: DecoderWeights,
  inputs: CachedInputs,
  beforeLast?: () => void,
): Tensor {
  const attend: Attend = (q, k, v, heads, block) =>
    cachedAttention(graph, q, k, v, { cache: inputs.caches[block], ...heads })
  const x = decodeBlocks(graph, config, weights, inputs, attend, { train: false }) // [N, C]
  beforeLast?.()
  const last = inputs.tokens === 1 ? x : lastRow(graph, x) // [1, C]
  return rmsnorm(graph, last, weights.finalNorm, config.rmsNormEps) // [1, C]
}

/** How the queries of a block meet keys and values: q [N, NH·HD], k and v [N, NKV·HD] → [N, NH·HD]. */
type Attend = (q: Tensor, k: Tensor, v: Tensor, heads: AttentionHeads, block: number) => Tensor

interface AttentionHeads {
  heads: number
  kvHeads: number
  headDim: number
  scale: number
}

function decodeBlocks(
  graph: Graph,
  config: ModelConfig,
  weights: DecoderWeights,
  inputs: TokenInputs & { tokens: number },
  attend: Attend,
  options: DecoderOptions,
): Tensor {
  const { ids, sorted, tokens } = inputs
  let x = embedding(graph, {
    ids,
    sorted,
    table: weights.embedding,
    tokens,
    hiddenSize: config.hiddenSize,
  }) // [N, C]
  weights.blocks.forEach((block, index) => {
    x = graph.block(index, () =>
      decodeBlock(graph, config, block, weights.codebook, x, inputs, attend, options, index),
    )
  })
  return x
}

/**
 * One pre-norm block (Touvron et al. 2023):
 * h = x + O(attention(rope(Q n), rope(K n), V n)), n = norm(x);  y = h + D(silu(G m) ⊙ U m), m = norm(h).
 */
function decodeBlock(
  graph: Graph,
  config: ModelConfig,
  { linears, inputNorm, postAttentionNorm }: DecoderBlock,
  codebook: Tensor | null,
  x: Tensor,
  { positions, cos, sin }: TokenInputs,
  attend: Attend,
  { train }: DecoderOptions,
  index: number,
): Tensor {
  const { numHeads: heads, numKvHeads: kvHeads, headDim, rmsNormEps } = config
  const project = (name: LayerLinear, input: Tensor): Tensor => {
    const { weight, adapter } = linears[name]
    // Modules that read the same x share one dropout mask.
    const maskId = index * 4 + MASK_OF_INPUT[name]
    return linear(graph, input, weight, {
      codebook: codebook ?? undefined,
      adapter: adapter && { ...adapter, dropout: train ? adapter.dropout : 0, maskId },
    })
  }
  const rotate = (vectors: Tensor, count: number) =>
    rope(graph, vectors, { positions, cos, sin, heads: count, headDim })

  const n = rmsnorm(graph, x, inputNorm, rmsNormEps) // [N, C]
  const q = rotate(project('self_attn.q_proj', n), heads) // [N, NH·HD]
  const k = rotate(project('self_attn.k_proj', n), kvHeads) // [N, NKV·HD]
  const v = project('self_attn.v_proj', n) // [N, NKV·HD]
  const o = attend(q, k, v, { heads, kvHeads, headDim, scale: headDim ** -0.5 }, index) // [N, NH·HD]
  const h = residual(graph, x, project('self_attn.o_proj', o)) // [N, C]

  const m = rmsnorm(graph, h, postAttentionNorm, rmsNormEps) // [N, C]
  const gated = swiglu(graph, project('mlp.gate_proj', m), project('mlp.up_proj', m)) // [N, I]
  return residual(graph, h, project('mlp.down_proj', gated)) // [N, C]
}

const MASK_OF_INPUT: Record<LayerLinear, number> = {
  'self_attn.q_proj': 0,
  'self_attn.k_proj': 0,
  'self_attn.v_proj': 0,
  'self_attn.o_proj': 1,
  'mlp.gate_proj': 2,
  'mlp.up_proj': 2,
  'mlp.down_proj': 3,
}
