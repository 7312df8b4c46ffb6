import { expect, it } from 'vitest'
import { RestingWork } from './resting-work.ts'

/** A promise and what resolves it. */
function gate() {
  let open = () => {}
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open }
}

const turn = () => new Promise((resolve) => setTimeout(resolve))

it('does work at once while the run stands still, and at the next rest while it moves', async () => {
  const resting = new RestingWork()
  const log: string[] = []
  const note = (what: string) => resting.do(async () => void log.push(what))
  await note('before')
  await resting.go()
  const waited = note('while it moves')
  await turn()
  expect(log).toEqual(['before'])
  expect(resting.isWanted).toBe(true)
  await resting.rest()
  await waited
  expect(resting.isWanted).toBe(false)
  await note('held')
  expect(log).toEqual(['before', 'while it moves', 'held'])
})

it('lets the run go on only when all work is done, well or not', async () => {
  const resting = new RestingWork()
  const { promise, open } = gate()
  const failing = resting.do(async () => {
    await promise
    throw new Error('no')
  })
  failing.catch(() => {})
  let gone = false
  const going = resting.go().then(() => {
    gone = true
  })
  await turn()
  expect(gone).toBe(false)
  open()
  await going
  await expect(failing).rejects.toThrow('no')
  // What failed at a rest is told to who asked, and holds up nobody else.
  const failed = resting.do(() => Promise.reject(new Error('again')))
  const next = resting.do(async () => 'done')
  const told = Promise.allSettled([failed, next])
  await resting.rest()
  expect((await told).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
})
