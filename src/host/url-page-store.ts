import type { PageStore } from '../optim/page-store.ts'
import { StudioError } from '../util/errors.ts'

/** Query parameter that asks for keys instead of a value. */
export const LIST_PARAMETER = 'prefix'

/**
 * A page store behind an address: GET, PUT and DELETE of ADDRESS/KEY, and GET ADDRESS?prefix=P for a JSON array of keys.
 * The headless page keeps its checkpoints so, in the folder of the process that opened it.
 */
export function urlPageStore(address: string): PageStore {
  const ask = async (path: string, init?: RequestInit): Promise<Response> => {
    const response = await fetch(`${address}${path}`, init)
    if (response.ok || response.status === 404) return response
    throw new StudioError('host/store', (await response.text()) || `The store answered ${response.status}`)
  }
  return {
    async get(key) {
      const response = await ask(`/${key}`)
      return response.ok ? new Uint8Array(await response.arrayBuffer()) : null
    },
    async put(key, bytes) {
      // A Blob, because what drives the page is told of every other body in full.
      const response = await ask(`/${key}`, { method: 'PUT', body: new Blob([bytes]) })
      if (!response.ok) throw new StudioError('host/store', 'The store is gone')
    },
    async delete(keys) {
      for (const key of keys) await ask(`/${key}`, { method: 'DELETE' })
    },
    async list(prefix) {
      const response = await ask(`?${LIST_PARAMETER}=${encodeURIComponent(prefix)}`)
      if (!response.ok) throw new StudioError('host/store', 'The store is gone')
      return response.json()
    },
  }
}
