import type { RunLocks } from '../session/run-locks.ts'

const PREFIX = 'nibble-checkpoint/'

/** Locks of the browser, one a run: they go with their worker, however that ends. */
export function webRunLocks(locks: LockManager): RunLocks {
  return {
    hold(runId) {
      return new Promise((resolve, reject) => {
        locks
          .request(`${PREFIX}${runId}`, { ifAvailable: true }, (lock) => {
            if (!lock) return resolve(null)
            return new Promise<void>((release) => resolve(release))
          })
          .catch(reject)
      })
    },
    async held() {
      const { held = [] } = await locks.query()
      const names = held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []))
      return new Set(names)
    },
  }
}
