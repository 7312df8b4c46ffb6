import type { Liveness } from './history.ts'

const lockName = (id: string) => `nibble-run/${id}`

/** A lock of the browser for every run: it goes when its page goes, however that happens. */
export function lockLiveness(locks: LockManager): Liveness {
  return {
    hold(id) {
      let release = () => {}
      const until = new Promise<void>((resolve) => {
        release = resolve
      })
      void locks.request(lockName(id), () => until).catch(() => {})
      return release
    },
    async isHeld(id) {
      const { held = [] } = await locks.query()
      return held.some(({ name }) => name === lockName(id))
    },
  }
}

/** Where nothing outlives the page, what it is not at work on is at rest. */
export const pageLiveness: Liveness = { hold: () => () => {}, isHeld: async () => false }
