import lanesSource from '../../shaders/cached-attention_lanes.wgsl?raw'
import plainSource from '../../shaders/cached-attention_plain.wgsl?raw'
import writeSource from '../../shaders/cached-attention_write.wgsl?raw'
import cachedAttentionSpan from '../../shaders/common/cached_attention_span.wgsl?raw'
import { spreadWorkgroups } from '../graph/device.ts'
import type { Graph } from '../graph/graph.ts'
import type { Kernel, KernelBinding } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import { ELEMENTWISE_WORKGROUP, elementwiseWorkgroups, FLAT_INDEX } from './elementwise.ts'

/** Keys and values of the tokens so far, of one decoder block: f32 [capacity, NKV · HD] each, in buffers of their own. */
export interface KeyValueCache {
  keys: Tensor
  values: Tensor
}

export interface CachedAttentionOptions {
  cache: KeyValueCache
  heads: number
  /** Divides `heads`; query head h reads kv head ⌊h · kvHeads / heads⌋ (grouped-query attention, Ainslie et al. 2023). */
  kvHeads: number
  /** A multiple of 4, at most 256. */
  headDim: number
  /** Multiplies the scores: 1 / √headDim in Llama. */
  scale: number
}

type CachedAttentionShape = Omit<CachedAttentionOptions, 'cache'>

const VEC4 = 'vec4<f32>'
const binding = (name: string, access: KernelBinding['access']): KernelBinding => ({
  name,
  element: VEC4,
  access,
})

const writeKernel: Kernel = {
  name: 'cached-attention_write',
  source: writeSource,
  includes: [FLAT_INDEX],
  bindings: [
    binding('k', 'read'),
    binding('v', 'read'),
    binding('keys', 'write'),
    binding('values', 'write'),
  ],
  params: [
    { name: 'count', type: 'u32' },
    { name: 'width', type: 'u32' },
    { name: 'capacity', type: 'u32' },
  ],
  usesStep: true,
  workgroupSize: ELEMENTWISE_WORKGROUP,
}

/** The rest of the cache keeps its values: keys and values are outputs that are updated. */
const cacheWriteOperation: Operation<null> = {
  name: 'cache-write',
  kernels({ inputs: { k, v }, outputs: { keys, values } }, { limits }) {
    const [capacity, width] = keys.shape
    const count = elementCount(k.shape) / 4
    return [
      {
        kernel: writeKernel,
        tensors: { k, v, keys, values },
        params: { count, width: width / 4, capacity },
        workgroups: elementwiseWorkgroups(count, limits),
      },
    ]
  },
}

const LANES = 64
/** Few, so that the heads of a single token spread over the cores. */
const PLAIN_WORKGROUP = [2, 1, 1] as const

const attendKernel = (headDim: number, software: boolean): Kernel => ({
  name: `cached-attention.${software ? 'plain' : 'lanes'}.${headDim}`,
  source: software ? plainSource : lanesSource,
  includes: [FLAT_INDEX, cachedAttentionSpan],
  bindings: [binding('q', 'read'), binding('keys', 'read'), binding('values', 'read'), binding('o', 'write')],
  params: [
    { name: 'rows', type: 'u32' },
    { name: 'heads', type: 'u32' },
    { name: 'kvHeads', type: 'u32' },
    { name: 'capacity', type: 'u32' },
    { name: 'scale', type: 'f32' },
  ],
  usesStep: true,
  constants: { HEAD_DIM4: headDim / 4 },
  workgroupSize: software ? PLAIN_WORKGROUP : [LANES, 1, 1],
})

const cachedAttentionOperation: Operation<CachedAttentionShape> = {
  name: 'cached-attention',
  kernels({ inputs: { q, keys, values }, outputs: { o }, attributes }, { software, limits }) {
    const { heads, kvHeads, headDim, scale } = attributes
    const rows = elementCount(q.shape) / headDim
    return [
      {
        kernel: attendKernel(headDim, software),
        tensors: { q, keys, values, o },
        params: { rows, heads, kvHeads, capacity: keys.shape[0], scale },
        workgroups: spreadWorkgroups(software ? Math.ceil(rows / PLAIN_WORKGROUP[0]) : rows, limits),
      },
    ]
  },
}

/**
 * Attention of the tokens of this call over a KV cache. The first `step.tokenCount` rows of k and v are appended at
 * `step.cacheLength`; then token n attends to every cached position up to its own, cacheLength + n:
 * o = softmax(scale · q · keysᵀ) · values. What changes from token to token stands in the step uniform, so one plan
 * serves every position. q [N, NH · HD], k and v [N, NKV · HD] → o [N, NH · HD]; rows past tokenCount mean nothing.
 * For generation: no gradient flows back.
 */
export function cachedAttention(
  graph: Graph,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { cache: { keys, values }, ...shape }: CachedAttentionOptions,
): Tensor {
  const { heads, kvHeads, headDim } = shape
  if (headDim % 4 !== 0 || headDim > 256)
    throw new Error(`attention heads of ${headDim}: expected a multiple of 4, at most 256`)
  if (heads % kvHeads !== 0)
    throw new Error(`${heads} query heads cannot share ${kvHeads} key-value heads evenly`)
  graph.record(cacheWriteOperation, {
    inputs: { k, v },
    outputs: { keys, values },
    updates: ['keys', 'values'],
    attributes: null,
  })
  const o = graph.activation('cached-attention', q.shape)
  graph.record(cachedAttentionOperation, { inputs: { q, keys, values }, outputs: { o }, attributes: shape })
  return o
}
