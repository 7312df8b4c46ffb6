import { Graph } from '../graph/graph.ts'
import type { TransferStaging } from '../graph/make-plan.ts'
import type { ParameterPool } from '../graph/pool.ts'
import type { Tensor } from '../graph/tensor.ts'
import { adamw } from '../ops/adamw.ts'
import { gradientNorm } from '../ops/gradient-norm.ts'
import type { Page, PageLayout } from './page-layout.ts'

/** Names of the stages that make one update. */
export const UPDATE_STAGE = {
  /** All of it, where nothing is paged. */
  whole: 'update',
  /** The norm of the whole gradient, before the first page. */
  norm: 'update/norm',
  page: (index: number) => `update/page/${index}`,
} as const

/** Readbacks of pages under way at a time: one comes back while the next one updates. */
const TRANSFERS = 2

/**
 * Records AdamW over a pool: one stage, or with a layout the norm and one stage a page. Both do the same arithmetic
 * element by element, so their results are the same bytes. `norm` is f32 [1].
 */
export function recordUpdate(
  pool: ParameterPool,
  norm: Tensor,
  layout: PageLayout | null,
): Record<string, Graph> {
  const gradients = pool.gradients()
  const values = pool.values()
  const start = new Graph('update')
  gradientNorm(start, gradients, norm)
  if (!layout) {
    adamw(start, { values, gradients, m: pool.companion('m'), v: pool.companion('v'), norm })
    return { [UPDATE_STAGE.whole]: start }
  }
  const stages: Record<string, Graph> = { [UPDATE_STAGE.norm]: start }
  for (const page of layout.pages) {
    const graph = new Graph('update')
    const { m, v } = pageMoments(pool, page)
    adamw(graph, { values: elementsOf(values, page), gradients: elementsOf(gradients, page), m, v, norm })
    stages[UPDATE_STAGE.page(page.index)] = graph
  }
  return stages
}

/** What the plan must hold ready for reading pages back. */
export const pageTransfers = (layout: PageLayout | null): TransferStaging | null =>
  layout && layout.streamed.length > 0 ? { count: TRANSFERS, sizeBytes: layout.pageBytes } : null

/** Label of the buffer of a slot in the plan. */
export const slotKey = (pool: ParameterPool, slot: number): string => `${pool.key}.moments.${slot}`

/** A page's moments at the start of its slot: m, then v. */
function pageMoments(pool: ParameterPool, page: Page): { m: Tensor; v: Tensor } {
  const half = page.sizeBytes / 2
  const moment = (name: string, offset: number): Tensor => ({
    name: `${slotKey(pool, page.slot)}.${page.index}.${name}`,
    shape: [page.elements],
    format: 'f32',
    sizeBytes: half,
    home: { kind: 'pool', key: slotKey(pool, page.slot), offset },
    bytes: { optimizer: half },
  })
  return { m: moment('m', 0), v: moment('v', half) }
}

/** A page's elements of a whole pool. */
function elementsOf(whole: Tensor, { index, firstElement, elements }: Page): Tensor {
  if (whole.home.kind !== 'pool') throw new Error(`${whole.name} is no pool`)
  const sizeBytes = elements * 4
  const bytes = Object.fromEntries(Object.keys(whole.bytes).map((category) => [category, sizeBytes]))
  return {
    ...whole,
    name: `${whole.name}.page.${index}`,
    shape: [elements],
    sizeBytes,
    home: { ...whole.home, offset: firstElement * 4 },
    bytes,
  }
}
