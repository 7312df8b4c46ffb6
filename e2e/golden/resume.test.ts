import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RuntimeName } from '../../src/cli/command.ts'
import type { RunConfigInput } from '../../src/config/schema.ts'
import { goldenCase, runConfigOf, writeDataset } from './support/cases.ts'
import { checkKillSeries } from './support/kill-series.ts'
import { runCli } from './support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'nibble-resume-'))
const at = (name: string) => join(folder, name)
const golden = goldenCase('tiny-llama/qlora')
const data = at('rows.jsonl')

beforeAll(() => writeDataset(data, golden))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function finetune(
  runtime: RuntimeName,
  out: string,
  changes: RunConfigInput = {},
  more: string[] = [],
) {
  const base = runConfigOf(golden)
  const config: RunConfigInput = {
    ...base,
    ...changes,
    train: { ...base.train, maxSteps: 6, ...changes.train },
    optimizer: { ...base.optimizer, ...changes.optimizer },
  }
  writeFileSync(at('RUN.json'), JSON.stringify(config))
  const inputs = ['--model', golden.modelDir, '--data', data, '--config', at('RUN.json'), '--out', at(out)]
  return runCli(runtime, ['finetune', ...inputs, ...more])
}

const adapterOf = (out: string) => readFileSync(join(at(out), 'adapter', 'adapter_model.safetensors'))

async function succeeds(...args: Parameters<typeof finetune>): Promise<void> {
  const { code, stderr } = await finetune(...args)
  expect(code, stderr).toBe(0)
}

const leastBudget = { paging: { gpuBudgetBytes: 0, hostBudgetBytes: 0 } }

describe('paging', () => {
  test('the least budgets give the adapter of an unpaged run, byte for byte', async () => {
    await succeeds('dawn', 'unpaged')
    await succeeds('dawn', 'paged', { optimizer: leastBudget })
    expect(adapterOf('paged').equals(adapterOf('unpaged'))).toBe(true)
    const lines = readFileSync(join(at('paged'), 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const step = JSON.parse(lines[2])
    expect(step['paging/bytes_to_gpu']).toBeGreaterThan(0)
    expect(step['paging/bytes_from_store']).toBeGreaterThan(0)
  })

  test('so do they in Chromium, where pages and checkpoints cross from the page to the folder', async () => {
    await succeeds('chromium', 'chromium-unpaged')
    await succeeds('chromium', 'chromium-paged', { optimizer: leastBudget, train: { saveEvery: 3 } })
    expect(adapterOf('chromium-paged').equals(adapterOf('chromium-unpaged'))).toBe(true)
  })
})

describe('--resume', () => {
  test('names everything that is not as it was, and leaves the folder as it is', async () => {
    await succeeds('dawn', 'refused', { train: { saveEvery: 2 } })
    const before = adapterOf('refused')
    const { code, stderr } = await finetune(
      'dawn',
      'refused',
      { optimizer: { lr: 0.5 }, train: { seed: 7 } },
      ['--resume'],
    )
    expect(code).toBe(2)
    expect(stderr).toMatch(/"optimizer.lr" was 0.01 when the checkpoint was made, and is 0.5/)
    expect(stderr).toMatch(/"train.seed" was 42 when the checkpoint was made, and is 7/)
    expect(adapterOf('refused').equals(before)).toBe(true)
    expect(JSON.parse(readFileSync(join(at('refused'), 'summary.json'), 'utf8')).steps).toBe(6)
  })

  test('after kills ends with the bytes of the uninterrupted run', async () => {
    await checkKillSeries(at('.'), 3, Date.now() % 2 ** 31)
  })
})
