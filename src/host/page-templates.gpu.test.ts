import { expect, it } from 'vitest'
import { HOSTILE_TEMPLATES } from '../data/testing/hostile-templates.ts'
import { pageTemplates } from './page-templates.ts'

const LIMIT_MS = 400
const run = pageTemplates(undefined, LIMIT_MS)
const task = (source: string) => ({
  source,
  variables: {},
  texts: [{ messages: [{ role: 'user', content: 'Hi' }], addGenerationPrompt: true }],
})

it.each(['nested loops', 'macros that call each other twice'])(
  '%s: its worker is ended, and this thread goes on',
  async (name) => {
    let turns = 0
    const heart = setInterval(() => turns++, 20)
    await expect(run(task(HOSTILE_TEMPLATES[name]))).rejects.toMatchObject({
      code: 'input/chat-template',
      message: expect.stringMatching(/was stopped: it had not finished after 0\.4 seconds/),
    })
    clearInterval(heart)
    expect(turns).toBeGreaterThan(3)
  },
)

it('serves the next template, the same worker for all that end', async () => {
  const [first, second] = await Promise.all([run(task('{{ messages[0].content }}!')), run(task('?'))])
  expect([first, second]).toEqual([[{ text: 'Hi!' }], [{ text: '?' }]])
  await expect(run(task('{% for %}'))).rejects.toMatchObject({
    code: 'input/chat-template',
    message: expect.stringMatching(/cannot be read/),
  })
  expect(await run(task('{{ bos }}.'))).toEqual([{ text: '.' }])
})

it('a worker that cannot be loaded is an error, and the next one is tried', async () => {
  let starts = 0
  const broken = pageTemplates(() => {
    starts++
    return new Worker(nowhere())
  }, LIMIT_MS)
  for (const _ of [1, 2]) await expect(broken(task('a'))).rejects.toMatchObject({ code: 'host/worker' })
  expect(starts).toBe(2)
})

/** An address that the test server does not see: it would answer an unknown path with the studio's page, and bundle that. */
function nowhere(): string {
  const address = URL.createObjectURL(new Blob([]))
  URL.revokeObjectURL(address)
  return address
}
