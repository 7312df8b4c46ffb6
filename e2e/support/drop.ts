import type { Locator } from '@playwright/test'

/** Drags files or folders of this machine onto an element and lets go, as the browser itself would from a desktop. */
export async function dropOn(target: Locator, paths: readonly string[]): Promise<void> {
  await target.scrollIntoViewIfNeeded()
  const box = await target.boundingBox()
  if (!box) throw new Error('the element to drop on is not visible')
  const session = await target.page().context().newCDPSession(target.page())
  const data = { items: [], files: [...paths], dragOperationsMask: 1 }
  const place = { x: box.x + box.width / 2, y: box.y + box.height / 2, data }
  try {
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', { type, ...place })
  } finally {
    await session.detach()
  }
}
