/** Whether the browser may delete on its own what it keeps for this page, and how it is asked not to. */
export interface Permanence {
  isGranted(): Promise<boolean>
  /** Some browsers put the question to the person. */
  ask(): Promise<boolean>
}

/** Of this page's storage; some browsers have it in secure pages only, some not at all. */
export function storagePermanence(storage: StorageManager | undefined): Permanence | null {
  if (!storage?.persist) return null
  return { isGranted: () => storage.persisted(), ask: () => storage.persist() }
}
