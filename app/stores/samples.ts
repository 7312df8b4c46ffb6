import type { SamplesArgs } from '../../src/session/samples.ts'

/** What a run is asked while it learns, as the person wants it. */
export interface SamplesState {
  /** Steps between two times; 0 never, null by itself. */
  every: number | null
  /** One prompt a line; null takes those of the dataset. */
  written: string | null
}

export const initialSamples: SamplesState = { every: null, written: null }

/** As the engine is asked for it. */
export function samplesArgs({ every, written }: SamplesState): SamplesArgs {
  const prompts = (written ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return { every, ...(prompts.length > 0 && { prompts }) }
}
