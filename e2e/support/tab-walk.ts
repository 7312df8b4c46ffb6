import type { Page } from '@playwright/test'

/** What the Tab key met on its way once around a page, and what it did not; elements by their names. */
export interface TabWalk {
  stops: string[]
  /** Stops that look the same with and without the focus. */
  unmarked: string[]
  /** Stops that are off the screen or behind something while they have the focus. */
  covered: string[]
  /** What can be used but is no stop. */
  missed: string[]
  /** Stops where there is nothing to do. */
  idle: string[]
}

/** More stops than any page has: Tab is caught somewhere. */
const MOST_STOPS = 400

/** Presses Tab from the top of the page until it comes round. Throws if it does not. */
export async function tabWalk(page: Page): Promise<TabWalk> {
  await page.addStyleTag({ content: '* { transition: none !important }' })
  await page.evaluate(begin)
  for (let count = 0; count < MOST_STOPS; count++) {
    await page.keyboard.press('Tab')
    const walk = await page.evaluate(visit)
    if (walk) return walk
  }
  throw new Error(`after ${MOST_STOPS} presses Tab has not come round`)
}

/** Runs in the page: the next Tab goes to its first stop. */
function begin(): void {
  const top = document.createElement('span')
  top.tabIndex = -1
  document.body.prepend(top)
  top.focus()
  top.remove()
  Object.assign(window, { tabWalk: { seen: [], unmarked: [], covered: [] } })
}

/** Runs in the page: looks at the element that has the focus; the whole walk when it has come round. */
function visit(): TabWalk | null {
  const walk = (window as never as { tabWalk: Record<'seen' | 'unmarked' | 'covered', HTMLElement[]> })
    .tabWalk
  const element = document.activeElement as HTMLElement
  const nameOf = (each: Element) =>
    `${each.tagName.toLowerCase()} "${(
      each.getAttribute('aria-label') ||
      (each as HTMLInputElement).labels?.[0]?.textContent ||
      each.textContent ||
      each.outerHTML
    )
      .trim()
      .slice(0, 60)}"`

  if (element !== document.body && !walk.seen.includes(element)) {
    walk.seen.push(element)
    /** Controls without a size of their own show their label instead. */
    const label = (element as HTMLInputElement).labels?.[0]
    const around = [element, element.parentElement, element.parentElement?.parentElement, label]
    const parts = [...around, ...(element.parentElement?.children ?? []), ...(label?.children ?? [])]
    const look = () =>
      parts
        .map((part) => {
          if (!part) return ''
          const style = getComputedStyle(part)
          return [
            style.outlineStyle !== 'none' && `${style.outlineWidth} ${style.outlineColor}`,
            style.boxShadow,
            style.borderColor,
            style.transform,
          ].join()
        })
        .join(';')
    const focused = look()
    const { left, right, top, bottom } = element.getBoundingClientRect()
    const sized = right - left > 1 && bottom - top > 1
    const box = sized || !label ? { left, right, top, bottom } : label.getBoundingClientRect()
    const header = document.querySelector('header')
    const ceiling = (element.closest('#page') && header?.getBoundingClientRect().bottom) || 0
    const middle = (from: number, to: number) => (from + to) / 2
    const hit = document.elementFromPoint(
      middle(Math.max(box.left, 0), Math.min(box.right, innerWidth)),
      middle(Math.max(box.top, ceiling), Math.min(box.bottom, innerHeight)),
    )
    const isHit = [element, label, element.parentElement].some((part) => part && hit && part.contains(hit))
    if (!isHit && !hit?.contains(element)) walk.covered.push(element)
    if (box.bottom <= ceiling || box.top >= innerHeight) walk.covered.push(element)
    element.blur()
    if (look() === focused) walk.unmarked.push(element)
    element.focus({ preventScroll: true })
    return null
  }

  const scrolls = (each: Element) =>
    each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight
  const isReached = (each: Element) => walk.seen.some((stop) => stop === each)
  const usable =
    'a[href], button, input, select, textarea, summary, [tabindex="0"], ' +
    '[role=button], [role=slider], [role=checkbox], [role=radio], [role=switch], [role=tab], [role=combobox]'
  /** One stop for all of a group: the arrow keys go from one to the next. */
  const groupOf = (each: Element): Element[] => {
    const input = each as HTMLInputElement
    if (input.type === 'radio') return [...document.getElementsByName(input.name)]
    const group = each.role === 'radio' && each.closest('[role=radiogroup]')
    return group ? [...group.querySelectorAll('[role=radio]')] : [each]
  }
  const missed = [...document.querySelectorAll<HTMLElement>(usable)].filter((each) => {
    const { type, disabled } = each as HTMLInputElement
    if (disabled || type === 'file' || each.closest('[aria-hidden=true], [inert]')) return false
    return each.checkVisibility({ visibilityProperty: true }) && !groupOf(each).some(isReached)
  })
  /** What React listens to clicks on (the charts' library does everywhere), and neither is a stop nor has one inside or around it. */
  const clickable = [...document.querySelectorAll<HTMLElement>('#root *')].filter((each) => {
    const key = Object.keys(each).find((name) => name.startsWith('__reactProps$')) ?? ''
    const props = (each as never as Record<string, { onClick?: unknown; disabled?: boolean } | undefined>)[
      key
    ]
    if (
      !props?.onClick ||
      props.disabled ||
      each.closest('[aria-hidden=true], [type=file], .recharts-wrapper')
    )
      return false
    if (!each.checkVisibility({ visibilityProperty: true })) return false
    return !groupOf(each).some((one) => walk.seen.some((stop) => stop.contains(one) || one.contains(stop)))
  })
  return {
    stops: walk.seen.map(nameOf),
    unmarked: walk.unmarked.map(nameOf),
    covered: walk.covered.map(nameOf),
    idle: walk.seen.filter((stop) => !stop.matches(usable) && !scrolls(stop)).map(nameOf),
    missed: [...new Set([...missed, ...clickable])].map(nameOf),
  }
}
