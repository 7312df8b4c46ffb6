import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layOutPages, PAGE_GRANULE_BYTES, type PageLayout, type PagingBudgets } from './page-layout.ts'

const budgets = (changes: Partial<PagingBudgets>): PagingBudgets => ({
  gpuBudgetBytes: null,
  hostBudgetBytes: null,
  pageBytes: null,
  ...changes,
})

const laidOut = (elements: number, changes: Partial<PagingBudgets>): PageLayout => {
  const layout = layOutPages(elements, budgets(changes))
  if (!layout) throw new Error('not paged')
  return layout
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

describe('layOutPages', () => {
  it('pages nothing without a budget', () => {
    expect(layOutPages(6400, budgets({}))).toBeNull()
  })

  it('keeps every page on the GPU, with not a byte more, where the budget holds them', () => {
    const { pages, slots, streamed } = laidOut(1000 * 64, { gpuBudgetBytes: 1000 * 512, pageBytes: 7 * 512 })
    expect(pages).toHaveLength(Math.ceil(1000 / 7))
    expect(sum(slots)).toBe(1000 * 512)
    expect(streamed).toHaveLength(0)
    expect(pages.every(({ pinned, slot, index }) => pinned && slot === index)).toBe(true)
  })

  it('gives all slots but two to pages that stay, the others alternate', () => {
    const { pages, slots } = laidOut(100 * 64, { gpuBudgetBytes: 50 * 512, pageBytes: 10 * 512 })
    expect(slots).toEqual(Array(5).fill(10 * 512))
    expect(pages.map(({ slot }) => slot)).toEqual([0, 1, 2, 3, 4, 3, 4, 3, 4, 3])
    expect(pages.map(({ pinned }) => pinned)).toEqual([true, true, true, ...Array(7).fill(false)])
  })

  it('takes two small pages for a budget of 0', () => {
    const { pages, slots } = laidOut(1600 * 64, { gpuBudgetBytes: 0 })
    expect(pages).toHaveLength(16)
    expect(slots).toEqual([100 * 512, 100 * 512])
  })

  it('chooses pages of at most half the budget and at most 4 MiB', () => {
    expect(laidOut(1000 * 64, { gpuBudgetBytes: 101 * 512 }).pageBytes).toBe(50 * 512)
    expect(laidOut(64e6, { gpuBudgetBytes: 256 << 20 }).pageBytes).toBe(4 << 20)
    expect(laidOut(64e6, { gpuBudgetBytes: 16 << 20 }).pageBytes).toBe(2 << 20)
    expect(laidOut(64e6, { gpuBudgetBytes: 3 << 20 }).pageBytes).toBe(1 << 20)
  })

  it('keeps in host memory what its budget holds beside the pages in flight, spread evenly', () => {
    const layout = (hostBudgetBytes: number | null) =>
      laidOut(100 * 64, { gpuBudgetBytes: 0, pageBytes: 5 * 512, hostBudgetBytes })
    const homes = (hostBudgetBytes: number | null) =>
      layout(hostBudgetBytes)
        .pages.map(({ home }) => home[0])
        .join('')
    expect(homes(null)).toBe('h'.repeat(20))
    expect(homes(20 * 5 * 512)).toBe('h'.repeat(20))
    expect(homes(0)).toBe('s'.repeat(20))
    expect(homes(9 * 5 * 512)).toBe('ssshssshssshssshsssh')
  })

  it('covers every element once, within the budget, aligned, for any sizes', () => {
    const bytes = fc.integer({ min: 0, max: 40_000 })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        bytes,
        fc.option(bytes),
        fc.option(fc.integer({ min: 512, max: 9000 })),
        (granules, gpuBudgetBytes, hostBudgetBytes, pageBytes) => {
          const elements = granules * 64
          const { pages, slots, streamed, ...layout } = laidOut(elements, {
            gpuBudgetBytes,
            hostBudgetBytes,
            pageBytes,
          })
          let next = 0
          for (const page of pages) {
            expect(page.firstElement).toBe(next)
            expect(page.sizeBytes % PAGE_GRANULE_BYTES).toBe(0)
            expect(page.sizeBytes).toBeLessThanOrEqual(slots[page.slot])
            next += page.elements
          }
          expect(next).toBe(elements)
          const least = Math.min(2, pages.length) * layout.pageBytes
          expect(sum(slots)).toBeLessThanOrEqual(Math.max(gpuBudgetBytes, least))
          expect(streamed.length === 0 || streamed.length > 2).toBe(true)
          expect(pages.length - streamed.length).toBe(pages.filter(({ pinned }) => pinned).length)
        },
      ),
    )
  })
})
