import { expect, it } from 'vitest'
import { configDifferences, settingsOf } from './config-differences.ts'

it('tells what differs between runs, and nothing else', () => {
  const one = {
    method: 'qlora',
    lora: { rank: 8, targetModules: ['q_proj', 'v_proj'] },
    optimizer: { paging: { a: null } },
  }
  const other = {
    method: 'qlora',
    lora: { rank: 16, targetModules: ['q_proj', 'v_proj'] },
    optimizer: { paging: { a: 5 } },
  }
  const older = { method: 'lora', lora: { rank: 8, targetModules: ['q_proj', 'v_proj'] } }
  expect(configDifferences([one, other])).toEqual([
    { path: 'lora.rank', values: [8, 16] },
    { path: 'optimizer.paging.a', values: [null, 5] },
  ])
  expect(configDifferences([one, other, older]).map(({ path, values }) => [path, ...values])).toEqual([
    ['method', 'qlora', 'qlora', 'lora'],
    ['lora.rank', 8, 16, 8],
    ['optimizer.paging.a', null, 5, undefined],
  ])
  expect(configDifferences([one, structuredClone(one)])).toEqual([])
})

it('does not follow a config from a file for ever', () => {
  let deep: Record<string, unknown> = { end: 1 }
  for (let level = 0; level < 1000; level++) deep = { deep }
  expect(settingsOf(deep).size).toBe(0)
})
