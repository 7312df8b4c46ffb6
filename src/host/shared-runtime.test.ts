import { expect, test } from 'vitest'
import type { Runtime } from '../graph/executable.ts'
import { StudioError } from '../util/errors.ts'
import { sharedRuntime } from './shared-runtime.ts'

/** Runtimes whose loss the test decides. */
function runtimes() {
  const losses: ((error: StudioError) => void)[] = []
  let fails = 0
  const create = async () => {
    if (fails-- > 0) throw new StudioError('device/no-adapter', 'none')
    let lose: (error: StudioError) => void = () => {}
    const lost = new Promise<StudioError>((resolve) => {
      lose = resolve
    })
    losses.push(lose)
    return { lost } as Runtime
  }
  return { ask: sharedRuntime(async () => ({}) as GPU, create), losses, failNext: () => (fails = 1) }
}

test('everyone gets the same runtime, opened once', async () => {
  const { ask, losses } = runtimes()
  const [a, b] = await Promise.all([ask(), ask()])
  expect(a).toBe(b)
  expect(losses).toHaveLength(1)
})

test('after a loss the next question opens another device', async () => {
  const { ask, losses } = runtimes()
  const first = await ask()
  losses[0](new StudioError('device/lost', 'gone'))
  await first.lost
  await Promise.resolve()
  expect(await ask()).not.toBe(first)
})

test('a device that would not open is asked for again', async () => {
  const { ask, failNext } = runtimes()
  failNext()
  await expect(ask()).rejects.toMatchObject({ code: 'device/no-adapter' })
  expect(await ask()).toBeDefined()
})
