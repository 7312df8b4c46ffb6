import { Graph } from '../graph/graph.ts'
import type { TransferStaging } from '../graph/make-plan.ts'
import { type ParameterPool, sliceOf } from '../graph/pool.ts'
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
  const [values, gradients] = [pool.values(), pool.gradients()]
  const start = new Graph('update')
  gradientNorm(start, gradients, norm)
  if (!layout) {
    const [m, v] = [pool.companion('m'), pool.companion('v')]
    values.forEach((segment, index) => {
      adamw(start, { values: segment, gradients: gradients[index], m: m[index], v: v[index], norm })
    })
    return { [UPDATE_STAGE.whole]: start }
  }
  const stages: Record<string, Graph> = { [UPDATE_STAGE.norm]: start }
  for (const page of layout.pages) {
    const graph = new Graph('update')
    const { m, v } = pageMoments(pool, page)
    for (const { segment, firstElement, elements } of pool.cut(page)) {
      const part = (vector: Tensor, first: number) =>
        sliceOf(vector, { first, elements, name: `${vector.name}.page.${page.index}` })
      const inSegment = firstElement - pool.segments[segment].firstElement
      const inPage = firstElement - page.firstElement
      adamw(graph, {
        values: part(values[segment], inSegment),
        gradients: part(gradients[segment], inSegment),
        m: part(m, inPage),
        v: part(v, inPage),
        norm,
      })
    }
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
