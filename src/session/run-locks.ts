import { StudioError } from '../util/errors.ts'

/**
 * Which runs of a storage are under way anywhere: a page must neither go on with nor collect what another page trains.
 * A lock ends with its holder, however that ends.
 */
export interface RunLocks {
  /** Null when another holds the run. Resolves with what gives it back. */
  hold(runId: string): Promise<(() => void) | null>
  /** Runs that are held by anyone, this engine included. */
  held(): Promise<ReadonlySet<string>>
}

/** Where nobody else can reach the storage, or nobody would know. */
export const noLocks: RunLocks = {
  hold: async () => () => {},
  held: async () => new Set(),
}

/** @throws checkpoint/in-use */
export async function holdRun(locks: RunLocks, runId: string): Promise<() => void> {
  const release = await locks.hold(runId)
  if (release) return release
  throw runInUse()
}

export const runInUse = () =>
  new StudioError('checkpoint/in-use', 'This run is under way already, perhaps in another tab', {
    hint: 'Go on with it there, or close that tab first.',
  })
