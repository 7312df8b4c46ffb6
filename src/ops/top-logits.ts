import rowsInvocation from '../../shaders/common/rows_invocation.wgsl?raw'
import rowsWorkgroup from '../../shaders/common/rows_workgroup.wgsl?raw'
import topFromCandidates from '../../shaders/common/top_from_candidates.wgsl?raw'
import topFromLogits from '../../shaders/common/top_from_logits.wgsl?raw'
import topOrder from '../../shaders/common/top_order.wgsl?raw'
import insertSource from '../../shaders/top-logits_insert.wgsl?raw'
import sortSource from '../../shaders/top-logits_sort.wgsl?raw'
import sumsSource from '../../shaders/top-logits_sums.wgsl?raw'
import { type DeviceTraits, spreadWorkgroups } from '../graph/device.ts'
import type { Graph } from '../graph/graph.ts'
import type { Kernel, KernelBinding, KernelCall } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import { FLAT_INDEX } from './elementwise.ts'

/** Candidates that come back to the host for each token. */
export const TOP_CANDIDATES = 64
/** Logits of one workgroup: as many as one sorts in 8 KiB of workgroup memory. */
export const TOP_BLOCK = 1024

export const topBlocks = (vocabSize: number): number => Math.ceil(vocabSize / TOP_BLOCK)

const SORT_WORKGROUP = [256, 1, 1] as const
const SUM_WORKGROUP = [64, 1, 1] as const
/** One block an invocation: a few blocks still spread over the cores. */
const INSERT_WORKGROUP = [1, 1, 1] as const

const CONSTANTS = { BLOCK: TOP_BLOCK, TOP: TOP_CANDIDATES }
const TOP_BINDING: KernelBinding = { name: 'top', element: 'vec2<u32>', access: 'write' }
const COUNT = [{ name: 'count', type: 'u32' }] as const

/** The largest of each block of entries: of the logits, or of what an earlier round left over. */
function roundCall(
  round: { logits: Tensor } | { candidates: Tensor },
  top: Tensor,
  count: number,
  device: DeviceTraits,
): KernelCall {
  const isFirst = 'logits' in round
  const { software, limits } = device
  const source: KernelBinding = isFirst
    ? { name: 'logits', element: 'f32', access: 'read' }
    : { name: 'candidates', element: 'vec2<u32>', access: 'read' }
  return {
    kernel: {
      name: `top-logits.${software ? 'insert' : 'sort'}.${source.name}`,
      source: software ? insertSource : sortSource,
      includes: [FLAT_INDEX, topOrder, isFirst ? topFromLogits : topFromCandidates],
      bindings: [source, TOP_BINDING],
      params: COUNT,
      constants: CONSTANTS,
      workgroupSize: software ? INSERT_WORKGROUP : SORT_WORKGROUP,
    },
    tensors: { ...round, top },
    params: { count },
    workgroups: spreadWorkgroups(topBlocks(count), limits),
  }
}

const sumsKernel = (software: boolean): Kernel => ({
  name: `top-logits_sums.${software ? 'plain' : 'lanes'}`,
  source: sumsSource,
  includes: [FLAT_INDEX, software ? rowsInvocation : rowsWorkgroup],
  bindings: [
    { name: 'logits', element: 'f32', access: 'read' },
    { name: 'top', element: 'vec2<u32>', access: 'read' },
    { name: 'sums', element: 'f32', access: 'write' },
  ],
  params: COUNT,
  usesStep: true,
  constants: CONSTANTS,
  workgroupSize: software ? INSERT_WORKGROUP : SUM_WORKGROUP,
})

const topLogitsOperation: Operation<null> = {
  name: 'top-logits',
  workspace({ inputs: { logits } }) {
    const rounds: Record<string, { shape: number[]; format: 'u32' }> = {}
    for (let blocks = topBlocks(elementCount(logits.shape)), round = 0; blocks > 1; round++) {
      rounds[`round${round}`] = { shape: [blocks * TOP_CANDIDATES, 2], format: 'u32' }
      blocks = topBlocks(blocks * TOP_CANDIDATES)
    }
    return rounds
  },
  kernels({ inputs: { logits }, outputs: { candidates, sums } }, device, workspace) {
    const count = elementCount(logits.shape)
    const firstTop = workspace.round0 ?? candidates
    const calls: KernelCall[] = [
      roundCall({ logits }, firstTop, count, device),
      {
        kernel: sumsKernel(device.software),
        tensors: { logits, top: firstTop, sums },
        params: { count },
        workgroups: spreadWorkgroups(topBlocks(count), device.limits),
      },
    ]
    let left = firstTop
    for (let round = 1; left !== candidates; round++) {
      const next = workspace[`round${round}`] ?? candidates
      calls.push(roundCall({ candidates: left }, next, left.shape[0], device))
      left = next
    }
    return calls
  },
}

export interface TopLogits {
  /** u32 [TOP_CANDIDATES, 2]: token and bits of its logit, largest first, ties by token; token 0xffffffff where there are fewer. */
  candidates: Tensor
  /** f32 [topBlocks(V), 3]: of each block its largest logit m, Σ exp(x − m), Σ exp((x − m) · step.inverseTemperature). */
  sums: Tensor
}

/**
 * What sampling needs of a row of logits [1, V], small enough to come back to the host for every token: its largest
 * entries and the parts of its log-sum-exp. Writes `into`. For generation: no gradient flows back.
 */
export function topLogits(graph: Graph, logits: Tensor, into: TopLogits): void {
  graph.record(topLogitsOperation, { inputs: { logits }, outputs: { ...into }, attributes: null })
}
