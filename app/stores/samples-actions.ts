import type { SamplesState } from './samples.ts'
import { isLocked } from './stores.ts'
import type { StudioParts } from './studio.ts'

/** Typing asks for a new plan this long after the last key. */
const EDIT_DELAY_MS = 350

export function samplesActions({ stores, preparation }: Pick<StudioParts, 'stores' | 'preparation'>) {
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    /** Changes what is asked; its memory is planned anew. */
    setSamples(changes: Partial<SamplesState>) {
      if (isLocked(stores)) return
      stores.samples.setState(changes)
      stores.recipe.setState({ planning: true })
      clearTimeout(timer)
      timer = setTimeout(preparation.replan, EDIT_DELAY_MS)
    },
  }
}
