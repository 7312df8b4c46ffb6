import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RuntimeName } from '../../src/cli/command.ts'
import type { RunConfigInput } from '../../src/config/schema.ts'
import { goldenCase, runConfigOf, writeDataset } from './support/cases.ts'
import { checkKillSeries } from './support/kill-series.ts'
import { runCli } from './support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'nibble-full-'))
const at = (name: string) => join(folder, name)
const golden = goldenCase('tiny-llama-tied/full')
const data = at('rows.jsonl')

beforeAll(() => writeDataset(data, golden))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function answer(result: ReturnType<typeof runCli>) {
  const { code, stdout, stderr } = await result
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

type Paging = NonNullable<RunConfigInput['optimizer']>['paging']

/** Six steps of the golden case. */
async function train(runtime: RuntimeName, out: string, paging?: Paging) {
  const base = runConfigOf(golden)
  const config = at(`${out}.json`)
  writeFileSync(
    config,
    JSON.stringify({
      ...base,
      train: { ...base.train, maxSteps: 6 },
      optimizer: { ...base.optimizer, paging },
    }),
  )
  const inputs = ['--model', golden.modelDir, '--data', data, '--config', config]
  return answer(runCli(runtime, ['finetune', ...inputs, '--out', at(out), '--json']))
}

const modelOf = (out: string) => readFileSync(join(at(out), 'model', 'model.safetensors'))

describe('full fine-tuning', () => {
  let unpaged: { plannedBytes: Record<string, number>; gpuBytes: number }
  beforeAll(async () => {
    unpaged = await train('dawn', 'unpaged')
  })

  test('leaves the same model byte for byte with moments ten times the budget, and with the least', async () => {
    const moments = unpaged.plannedBytes.optimizer
    const tenth = Math.floor(moments / 10)
    // The least is two of sixteen pages, rounded up.
    for (const [gpuBudgetBytes, most] of [
      [tenth, tenth],
      [0, moments / 7],
    ]) {
      const out = `paged-${gpuBudgetBytes}`
      const { plannedBytes } = await train('dawn', out, { gpuBudgetBytes, hostBudgetBytes: 0 })
      expect(plannedBytes.optimizer).toBeLessThanOrEqual(most)
      expect(modelOf(out).equals(modelOf('unpaged'))).toBe(true)
    }
  })

  test('so it does in Chromium', async () => {
    await train('chromium', 'chromium-unpaged')
    await train('chromium', 'chromium-paged', { gpuBudgetBytes: 0, hostBudgetBytes: 0 })
    expect(modelOf('chromium-paged').equals(modelOf('chromium-unpaged'))).toBe(true)
  })

  test('is foreseen by plan to the byte', async () => {
    const command = ['plan', '--model', golden.modelDir, '--config', at('unpaged.json')]
    const plan = await answer(
      runCli('dawn', [...command, '--device-limits', join(at('unpaged'), 'run.json'), '--json']),
    )
    expect(plan.bytes).toEqual(unpaged.plannedBytes)
    expect(plan.totalBytes).toBe(unpaged.gpuBytes)
  })

  test('gives a model that every command opens, and that learned', async () => {
    const trained = join(at('unpaged'), 'model')
    const { torch_dtype } = JSON.parse(readFileSync(join(trained, 'config.json'), 'utf8'))
    expect(torch_dtype).toBe('float32')
    const evaluate = async (model: string) =>
      (
        await answer(
          runCli('dawn', [
            'evaluate',
            '--model',
            model,
            '--data',
            data,
            '--config',
            at('unpaged.json'),
            '--json',
          ]),
        )
      ).loss
    expect(await evaluate(trained)).toBeLessThan(await evaluate(golden.modelDir))
  })

  test('keeps the tokenizer: the model it leaves speaks', async () => {
    const model = fileURLToPath(new URL('../../public/models/studio-tiny-3m', import.meta.url))
    const rows = fileURLToPath(new URL('../../public/datasets/us-state-capitals.jsonl', import.meta.url))
    const config = at('speaking.json')
    writeFileSync(
      config,
      JSON.stringify({
        method: 'full',
        data: { maxSeqLength: 64, packing: false },
        train: { maxSteps: 1, batchSize: 1, gradAccumSteps: 1 },
      }),
    )
    const inputs = ['--model', model, '--data', rows, '--config', config]
    await answer(runCli('dawn', ['finetune', ...inputs, '--out', at('speaking'), '--json']))
    const trained = join(at('speaking'), 'model')
    const kept = [
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]
    expect(readdirSync(trained).sort()).toEqual(kept)
    const prompt = ['--prompt', 'Hello!', '--chat', '--max-new-tokens', '8', '--json']
    const { tokenIds } = await answer(runCli('dawn', ['generate', '--model', trained, ...prompt]))
    expect(tokenIds.length).toBeGreaterThan(0)
  })

  test('goes on after kills to the bytes of the uninterrupted run', async () => {
    await checkKillSeries(at('.'), 2, Date.now() % 2 ** 31, golden.name)
  })

  test('refuses an adapter, and settings of one', async () => {
    const config = at('refused.json')
    writeFileSync(
      config,
      JSON.stringify({ method: 'full', lora: { dropout: 0.1, targetModules: ['q_proj'] } }),
    )
    const command = ['finetune', '--model', golden.modelDir, '--data', data, '--out', at('refused')]
    const refused = await runCli('dawn', [...command, '--config', config])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/lora.dropout is 0.1[\s\S]*lora.targetModules is \["q_proj"\]/)
    const { adapterDir } = goldenCase('tiny-llama-tied/qlora')
    const continued = await runCli('dawn', [
      ...command,
      '--config',
      at('unpaged.json'),
      '--adapter',
      adapterDir,
    ])
    expect(continued.code).toBe(2)
    expect(continued.stderr).toMatch(/--adapter names an adapter/)
  })
})
