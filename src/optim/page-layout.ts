/** Budgets of the pager (RunConfig's optimizer.paging), in bytes. */
export interface PagingBudgets {
  /** For moments on the GPU. Null: all of them, unpaged. 0: the least that works, two pages. */
  gpuBudgetBytes: number | null
  /** For moments beside the GPU. Null: all that the GPU does not hold. */
  hostBudgetBytes: number | null
  /** Bytes of one page, m and v together; null: chosen. */
  pageBytes: number | null
}

/** One element range of both moments, and where on the GPU it is updated. */
export interface Page {
  index: number
  firstElement: number
  elements: number
  /** m, then v. */
  sizeBytes: number
  slot: number
  /** Has its slot for itself and never leaves the GPU. */
  pinned: boolean
  /** Where it is while it is not on the GPU. */
  home: 'gpu' | 'host' | 'store'
}

export interface PageLayout {
  /** f32 elements of one moment. */
  elements: number
  pageBytes: number
  pages: readonly Page[]
  /** Bytes of each slot on the GPU. */
  slots: readonly number[]
  /** Pages that take turns in the last two slots, in the order of their elements. */
  streamed: readonly Page[]
}

/** Ranges of both moments start on a multiple of 256 bytes, as bindings must. */
export const PAGE_GRANULE_BYTES = 2 * 256
/** Large enough for an efficient transfer and a store's put, small enough that two of them are no burden. */
const MAX_CHOSEN_PAGE_BYTES = 4 << 20
/** A least budget still cuts the moments into so many pages, else two of them would be all there is. */
const LEAST_PAGES = 16
/** Store-bound pages that are in host memory at a time: two fetched ahead, two written behind. */
export const PAGES_IN_FLIGHT = 4

/**
 * Cuts the moments of `elements` values (a multiple of 64) into pages and gives each its place. Placement is static:
 * either every page is pinned, or all but two slots are pinned and the remaining pages alternate between those two.
 * Null without a GPU budget: nothing is paged.
 */
export function layOutPages(elements: number, budgets: PagingBudgets): PageLayout | null {
  const { gpuBudgetBytes, hostBudgetBytes } = budgets
  if (gpuBudgetBytes === null || elements === 0) return null
  const pageBytes = pageSize(elements * 8, budgets)
  const pageElements = pageBytes / 8
  const count = Math.ceil(elements / pageElements)
  const fits = elements * 8 <= gpuBudgetBytes || count <= 2
  const slots = fits ? count : Math.max(2, Math.min(Math.floor(gpuBudgetBytes / pageBytes), count - 1))
  const pinned = fits ? count : slots - 2
  const hosted = hostedPages(count - pinned, pageBytes, hostBudgetBytes)
  const pages = Array.from({ length: count }, (_, index): Page => {
    const firstElement = index * pageElements
    const size = Math.min(pageElements, elements - firstElement)
    const turn = index - pinned
    return {
      index,
      firstElement,
      elements: size,
      sizeBytes: size * 8,
      slot: turn < 0 ? index : pinned + (turn % 2),
      pinned: turn < 0,
      home: turn < 0 ? 'gpu' : hosted(turn) ? 'host' : 'store',
    }
  })
  return {
    elements,
    pageBytes,
    pages,
    slots: Array.from({ length: slots }, (_, slot) =>
      Math.max(...pages.filter((page) => page.slot === slot).map(({ sizeBytes }) => sizeBytes)),
    ),
    streamed: pages.slice(pinned),
  }
}

function pageSize(totalBytes: number, { gpuBudgetBytes, pageBytes }: PagingBudgets): number {
  const chosen = pageBytes ?? (gpuBudgetBytes ? pageForBudget(gpuBudgetBytes) : leastPage(totalBytes))
  return Math.max(Math.floor(chosen / PAGE_GRANULE_BYTES), 1) * PAGE_GRANULE_BYTES
}

/** Many slots waste little of the budget on the two that pages take turns in; small pages waste a store's time. */
const pageForBudget = (budgetBytes: number): number =>
  Math.min(budgetBytes / 2, Math.max(budgetBytes / 8, 1 << 20), MAX_CHOSEN_PAGE_BYTES)

const leastPage = (totalBytes: number): number =>
  Math.min(
    Math.ceil(totalBytes / LEAST_PAGES / PAGE_GRANULE_BYTES) * PAGE_GRANULE_BYTES,
    MAX_CHOSEN_PAGE_BYTES,
  )

/** Which of the streamed pages stay in host memory, spread evenly so that fetches from the store overlap with them. */
function hostedPages(
  count: number,
  pageBytes: number,
  budgetBytes: number | null,
): (turn: number) => boolean {
  const room = budgetBytes === null ? count : Math.floor(budgetBytes / pageBytes)
  const kept = room >= count ? count : Math.max(0, room - PAGES_IN_FLIGHT)
  return (turn) => Math.floor(((turn + 1) * kept) / count) > Math.floor((turn * kept) / count)
}
