import backwardKeyPlain from '../../shaders/attention_backward_key_plain.wgsl?raw'
import backwardKeyTiled from '../../shaders/attention_backward_key_tiled.wgsl?raw'
import backwardQueryPlain from '../../shaders/attention_backward_query_plain.wgsl?raw'
import backwardQueryTiled from '../../shaders/attention_backward_query_tiled.wgsl?raw'
import deltaSource from '../../shaders/attention_delta.wgsl?raw'
import forwardPlain from '../../shaders/attention_forward_plain.wgsl?raw'
import forwardTiled from '../../shaders/attention_forward_tiled.wgsl?raw'
import attentionIndex from '../../shaders/common/attention_index.wgsl?raw'
import attentionSpan from '../../shaders/common/attention_span.wgsl?raw'
import { type DeviceLimits, type DeviceTraits, spreadWorkgroups } from '../graph/device.ts'
import type { Graph } from '../graph/graph.ts'
import type { Call, Kernel, KernelBinding } from '../graph/kernel.ts'
import type { Operation, WorkspaceRequest } from '../graph/operation.ts'
import type { Tensor } from '../graph/tensor.ts'
import { ELEMENTWISE_WORKGROUP, elementwiseWorkgroups, FLAT_INDEX } from './elementwise.ts'
import { gradientOutputs } from './gradient-outputs.ts'

export interface AttentionOptions {
  /** u32 [N]: a token attends only within its segment. */
  segments: Tensor
  batchSize: number
  sequenceLength: number
  heads: number
  /** Divides `heads`; query head h reads kv head ⌊h · kvHeads / heads⌋ (grouped-query attention, Ainslie et al. 2023). */
  kvHeads: number
  /** A multiple of 4, at most 256. */
  headDim: number
  /** Multiplies the scores: 1 / √headDim in Llama. */
  scale: number
}

type AttentionShape = Omit<AttentionOptions, 'segments'>

export interface TileShape {
  /** Rows of a workgroup. */
  rows: number
  /** Rows of the other side in workgroup memory at a time. */
  keys: number
  /** Invocations that share a row. */
  lanes: number
  /** vec4 of an accumulator that each of them keeps in registers. */
  vectors: number
}

/** Registers bound how much of a row's accumulator one invocation keeps. */
const MAX_VECTORS = 4
const TILED_INVOCATIONS = 64
const MAX_KEYS = 16
const MIN_KEYS = 4

/**
 * The tiles of a kernel for a head dimension: as many invocations to a row as keep its accumulator in registers, and as
 * many keys at a time as workgroup memory holds.
 * @param sharedBytes workgroup memory of the kernel with such tiles
 */
export function tileShape(
  headDim: number,
  sharedBytes: (rows: number, keys: number) => number,
  limits: DeviceLimits,
): TileShape {
  const vectorsInRow = headDim / 4
  let lanes = Math.ceil(vectorsInRow / MAX_VECTORS)
  while (vectorsInRow % lanes !== 0) lanes++
  for (
    let rows = Math.max(1, Math.floor(TILED_INVOCATIONS / lanes));
    rows >= 1;
    rows = Math.floor(rows / 2)
  ) {
    for (let keys = MAX_KEYS; keys >= MIN_KEYS; keys /= 2) {
      if (sharedBytes(rows, keys) > limits.maxComputeWorkgroupStorageSize) continue
      return { rows, keys, lanes, vectors: vectorsInRow / lanes }
    }
  }
  throw new Error(
    `no tile of attention heads of ${headDim} fits ${limits.maxComputeWorkgroupStorageSize} bytes of workgroup memory`,
  )
}

/** Bytes of a tile row, padded by one vec4 against bank conflicts. */
const paddedRow = (headDim: number) => headDim * 4 + 16
/** span_bound and span_result of attention_span, with room for alignment. */
const SPAN_BYTES = 32

const forwardBytes = (headDim: number) => (rows: number, keys: number) =>
  (rows + keys) * paddedRow(headDim) + keys * headDim * 4 + rows * keys * 4 + SPAN_BYTES
const backwardQueryBytes = (headDim: number) => (rows: number, keys: number) =>
  2 * (rows + keys) * paddedRow(headDim) + rows * keys * 4 + SPAN_BYTES
const backwardKeyBytes = (headDim: number) => (rows: number, keys: number) =>
  2 * (rows + keys) * paddedRow(headDim) + rows * keys * 8 + SPAN_BYTES

const VEC4 = 'vec4<f32>'
const read = (name: string, element = VEC4): KernelBinding => ({ name, element, access: 'read' })
const write = (name: string, element = VEC4): KernelBinding => ({ name, element, access: 'write' })
const update = (name: string): KernelBinding => ({ name, element: VEC4, access: 'read_write' })

const SHAPE_PARAMS = [
  { name: 'sequenceLength', type: 'u32' },
  { name: 'heads', type: 'u32' },
  { name: 'kvHeads', type: 'u32' },
  { name: 'scale', type: 'f32' },
] as const

/** What a plain and a tiled kernel have in common. */
interface AttentionKernel {
  stem: string
  plain: string
  tiled: string
  bindings: KernelBinding[]
  flags: readonly string[]
  sharedBytes: (headDim: number) => (rows: number, keys: number) => number
}

const FORWARD: AttentionKernel = {
  stem: 'attention_forward',
  plain: forwardPlain,
  tiled: forwardTiled,
  bindings: [read('q'), read('k'), read('v'), read('segments', 'u32'), write('o'), write('lse', 'f32')],
  flags: [],
  sharedBytes: forwardBytes,
}

const BACKWARD_QUERY: AttentionKernel = {
  stem: 'attention_backward_query',
  plain: backwardQueryPlain,
  tiled: backwardQueryTiled,
  bindings: [
    read('q'),
    read('k'),
    read('v'),
    read('dO'),
    read('statistics', 'vec2<f32>'),
    read('segments', 'u32'),
    update('dq'),
  ],
  flags: ['accumulate'],
  sharedBytes: backwardQueryBytes,
}

const BACKWARD_KEY: AttentionKernel = {
  stem: 'attention_backward_key',
  plain: backwardKeyPlain,
  tiled: backwardKeyTiled,
  bindings: [
    read('q'),
    read('k'),
    read('v'),
    read('dO'),
    read('statistics', 'vec2<f32>'),
    read('segments', 'u32'),
    update('dk'),
    update('dv'),
  ],
  flags: ['accumulateKey', 'accumulateValue'],
  sharedBytes: backwardKeyBytes,
}

/** Few, so that the rows of a short batch still spread over the cores. */
const PLAIN_WORKGROUP = [8, 1, 1] as const

/** One dispatch over the rows of `rowHeads` heads. */
function attentionCall(
  { stem, plain, tiled, bindings, flags, sharedBytes }: AttentionKernel,
  shape: AttentionShape,
  rowHeads: number,
  device: DeviceTraits,
  tensors: Record<string, Tensor>,
  flagValues: Record<string, number>,
): Call {
  const { batchSize, sequenceLength, heads, kvHeads, headDim, scale } = shape
  const flagParams = flags.map((name) => ({ name, type: 'u32' as const }))
  const params = { sequenceLength, heads, kvHeads, scale, ...flagValues }
  if (device.software) {
    const rows = batchSize * sequenceLength * rowHeads
    const kernel: Kernel = {
      name: `${stem}.plain.${headDim}`,
      source: plain,
      includes: [FLAT_INDEX, attentionIndex],
      bindings,
      params: [...SHAPE_PARAMS, ...flagParams, { name: 'rows', type: 'u32' }],
      constants: { HEAD_DIM4: headDim / 4 },
      workgroupSize: PLAIN_WORKGROUP,
    }
    const workgroups = spreadWorkgroups(Math.ceil(rows / PLAIN_WORKGROUP[0]), device.limits)
    return { kernel, tensors, params: { ...params, rows }, workgroups }
  }
  const tile = tileShape(headDim, sharedBytes(headDim), device.limits)
  const tiles = Math.ceil(sequenceLength / tile.rows)
  const kernel: Kernel = {
    name: `${stem}.tiled.${headDim}.${tile.rows}.${tile.keys}`,
    source: tiled,
    includes: [FLAT_INDEX, attentionIndex, attentionSpan],
    bindings,
    params: [
      ...SHAPE_PARAMS,
      ...flagParams,
      { name: 'batchSize', type: 'u32' },
      { name: 'tiles', type: 'u32' },
    ],
    constants: {
      HEAD_DIM4: headDim / 4,
      ROWS: tile.rows,
      KEYS: tile.keys,
      LANES: tile.lanes,
      VECTORS: tile.vectors,
    },
    workgroupSize: [tile.rows * tile.lanes, 1, 1],
  }
  const workgroups = spreadWorkgroups(tiles * rowHeads * batchSize, device.limits)
  return { kernel, tensors, params: { ...params, batchSize, tiles }, workgroups }
}

const deltaKernel = (headDim: number): Kernel => ({
  name: `attention_delta.${headDim}`,
  source: deltaSource,
  includes: [FLAT_INDEX],
  bindings: [read('o'), read('dO'), read('lse', 'f32'), write('statistics', 'vec2<f32>')],
  params: [{ name: 'rows', type: 'u32' }],
  constants: { HEAD_DIM4: headDim / 4 },
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

interface BackwardAttributes {
  shape: AttentionShape
  accumulate: { dq: boolean; dk: boolean; dv: boolean }
}

const attentionBackwardOperation: Operation<BackwardAttributes> = {
  name: 'attention_backward',
  workspace({ inputs, outputs, attributes: { shape } }): Record<string, WorkspaceRequest> {
    const rows = shape.batchSize * shape.sequenceLength * shape.heads
    const statistics = { shape: [rows, 2], format: 'f32' } as const
    // One kernel writes dk and dv; one that nobody wants goes to scratch space.
    const oneOfTwo = Boolean(outputs.dk) !== Boolean(outputs.dv)
    return oneOfTwo ? { statistics, unwanted: { shape: inputs.k.shape, format: 'f32' } } : { statistics }
  },
  kernels({ inputs, outputs, attributes: { shape, accumulate } }, device, { statistics, unwanted }) {
    const { q, k, v, segments, o, lse, dO } = inputs
    const rows = shape.batchSize * shape.sequenceLength * shape.heads
    const calls: Call[] = [
      {
        kernel: deltaKernel(shape.headDim),
        tensors: { o, dO, lse, statistics },
        params: { rows },
        workgroups: elementwiseWorkgroups(rows, device.limits),
      },
    ]
    const read = { q, k, v, dO, statistics, segments }
    if (outputs.dq) {
      const flags = { accumulate: Number(accumulate.dq) }
      calls.push(
        attentionCall(BACKWARD_QUERY, shape, shape.heads, device, { ...read, dq: outputs.dq }, flags),
      )
    }
    if (outputs.dk || outputs.dv) {
      const flags = { accumulateKey: Number(accumulate.dk), accumulateValue: Number(accumulate.dv) }
      const written = { dk: outputs.dk ?? unwanted, dv: outputs.dv ?? unwanted }
      calls.push(attentionCall(BACKWARD_KEY, shape, shape.kvHeads, device, { ...read, ...written }, flags))
    }
    return calls
  },
}

const attentionOperation: Operation<AttentionShape> = {
  name: 'attention',
  kernels({ inputs, outputs, attributes: shape }, device) {
    return [attentionCall(FORWARD, shape, shape.heads, device, { ...inputs, ...outputs }, {})]
  },
  backward({ inputs: { q, k, v, segments }, outputs: { o, lse }, attributes: shape }, context) {
    const dO = context.gradient(o)
    if (!dO) return
    const targets = gradientOutputs({ dq: context.target(q), dk: context.target(k), dv: context.target(v) })
    if (!targets) return
    const { outputs, updates } = targets
    context.graph.record(attentionBackwardOperation, {
      inputs: { q, k, v, segments, o, lse, dO },
      outputs,
      updates,
      attributes: {
        shape,
        accumulate: { dq: updates.includes('dq'), dk: updates.includes('dk'), dv: updates.includes('dv') },
      },
    })
  },
}

/**
 * o = softmax(scale · q · kᵀ) · v, causal, within segments, flash style (Dao et al. 2022): no [T, T] tensor exists, the
 * backward recomputes the scores from the saved log-sum-exp. q [N, NH · HD], k and v [N, NKV · HD] → o [N, NH · HD].
 */
export function attention(
  graph: Graph,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { segments, ...shape }: AttentionOptions,
): Tensor {
  const { batchSize, sequenceLength, heads, kvHeads, headDim } = shape
  if (headDim % 4 !== 0 || headDim > 256)
    throw new Error(`attention heads of ${headDim}: expected a multiple of 4, at most 256`)
  if (heads % kvHeads !== 0)
    throw new Error(`${heads} query heads cannot share ${kvHeads} key-value heads evenly`)
  const rows = batchSize * sequenceLength
  const o = graph.activation('attention', [rows, heads * headDim])
  const lse = graph.activation('attention.lse', [rows * heads])
  graph.record(attentionOperation, { inputs: { q, k, v, segments }, outputs: { o, lse }, attributes: shape })
  return o
}
