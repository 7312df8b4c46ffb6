import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { goldenCase, runConfigOf, writeDataset } from './support/cases.ts'
import { type CliResult, cliProgram, runCli, runNpmCli, runProgram } from './support/run-cli.ts'
import { readTensors } from './support/tensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'nibble-commands-'))
const at = (name: string) => join(folder, name)
const golden = goldenCase('tiny-llama/qlora')
const [data, config] = [at('rows.jsonl'), at('RUN.json')]
const model = ['--model', golden.modelDir]
const inputs = [...model, '--data', data, '--config', config]

beforeAll(() => {
  writeDataset(data, golden)
  writeFileSync(config, JSON.stringify(runConfigOf(golden)))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Standard output of a command that must succeed, as the one JSON document it is. */
async function answer(result: Promise<CliResult>) {
  const { code, stdout, stderr } = await result
  expect(code, stderr).toBe(0)
  expect(stdout.trim().split('\n')).toHaveLength(1)
  return JSON.parse(stdout)
}

describe('finetune', () => {
  test('the same seed twice gives the same adapter file; another seed another', async () => {
    const train = async (out: string, seed: number) => {
      const file = at(`seed-${seed}.json`)
      const base = runConfigOf(golden)
      writeFileSync(
        file,
        JSON.stringify({ ...base, lora: { dropout: 0.1 }, train: { ...base.train, maxSteps: 3, seed } }),
      )
      await answer(
        runCli('dawn', ['finetune', ...model, '--data', data, '--config', file, '--out', at(out), '--json']),
      )
      return readFileSync(join(at(out), 'adapter', 'adapter_model.safetensors'))
    }
    const first = await train('first', 7)
    expect((await train('second', 7)).equals(first)).toBe(true)
    expect((await train('third', 8)).equals(first)).toBe(false)
  })

  test('leaves everything that tells what the run was', async () => {
    const out = at('record')
    const evaluation = ['--eval-data', data]
    const summary = await answer(
      runCli('dawn', [
        'finetune',
        ...inputs,
        ...evaluation,
        '--adapter',
        golden.adapterDir,
        '--out',
        out,
        '--json',
      ]),
    )
    expect(readdirSync(out).sort()).toEqual([
      'adapter',
      'checkpoint',
      'metrics.jsonl',
      'run.json',
      'summary.json',
    ])
    expect(summary).toMatchObject({ steps: 10, stopped: false, rows: golden.steps.length * 2, out })

    const record = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))
    expect(record).toMatchObject({
      config: { method: 'qlora', lora: { rank: 8, alpha: 16 }, optimizer: { lr: 0.01 } },
      seed: 42,
      runtime: 'dawn',
      data: { name: 'rows.jsonl', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      versions: { 'nibble-studio': expect.stringMatching(/^\d/), dawn: expect.stringMatching(/^webgpu \d/) },
    })
    expect(record.model.files.map(({ name }: { name: string }) => name)).toEqual([
      'config.json',
      'model.safetensors',
    ])
    expect(record.device.description + record.device.vendor).not.toBe('')

    const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.filter((line) => 'eval/loss' in line).map(({ step }) => step)).toEqual([0, 10])
    const steps = lines.filter((line) => 'train/loss' in line)
    expect(steps).toHaveLength(10)
    for (const line of steps) {
      expect(line['optimizer/lr']).toBe(0.01)
      expect(line['train/supervised_tokens']).toBeGreaterThan(0)
      expect(line['speed/tokens_per_second']).toBeGreaterThan(0)
      expect(line['memory/gpu_bytes']).toBe(summary.gpuBytes)
    }
    const adapter = JSON.parse(readFileSync(join(out, 'adapter', 'adapter_config.json'), 'utf8'))
    expect(adapter).toMatchObject({ peft_type: 'LORA', r: 8, lora_alpha: 16, use_rslora: false })
  })

  test('Ctrl+C ends it after the step under way and keeps what was learnt', async () => {
    const out = at('interrupted')
    const long = at('long.json')
    writeFileSync(
      long,
      JSON.stringify({
        ...runConfigOf(golden),
        train: { maxSteps: 100_000, batchSize: 2, gradAccumSteps: 1 },
      }),
    )
    const { program, args, env } = await cliProgram('dawn', [
      'finetune',
      ...model,
      '--data',
      data,
      '--config',
      long,
      '--out',
      out,
      '--json',
    ])
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    let stdout = ''
    child.stdout.on('data', (piece) => {
      stdout += piece
    })
    const metrics = join(out, 'metrics.jsonl')
    await expect
      .poll(() => existsSync(metrics) && readFileSync(metrics, 'utf8'), { timeout: 60_000 })
      .toMatch(/"step":2,/)
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    const summary = JSON.parse(stdout)
    expect(summary.stopped).toBe(true)
    expect(summary.steps).toBeGreaterThanOrEqual(2)
    expect(existsSync(join(out, 'adapter', 'adapter_model.safetensors'))).toBe(true)
  })

  test('SIGTERM leaves no browser behind', async () => {
    const long = at('long-chromium.json')
    writeFileSync(
      long,
      JSON.stringify({
        ...runConfigOf(golden),
        train: { maxSteps: 100_000, batchSize: 2, gradAccumSteps: 1 },
      }),
    )
    const out = at('terminated')
    const { program, args, env } = await cliProgram('chromium', [
      'finetune',
      ...model,
      '--data',
      data,
      '--config',
      long,
      '--out',
      out,
    ])
    const child = spawn(program, args, { env, stdio: 'ignore' })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    const metrics = join(out, 'metrics.jsonl')
    await expect
      .poll(() => existsSync(metrics) && readFileSync(metrics, 'utf8'), { timeout: 90_000 })
      .toMatch(/"step":1,/)
    const browsers = childrenOf(child.pid as number)
    if (process.platform === 'linux') expect(browsers.length).toBeGreaterThan(0)
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
    await expect.poll(() => browsers.filter(isRunning), { timeout: 10_000 }).toEqual([])
    expect(existsSync(join(out, 'summary.json'))).toBe(false)
  })
})

describe('evaluate', () => {
  test('gives the loss that training saw: with the adapter, and without', async () => {
    const first = at('first-step.jsonl')
    writeDataset(first, { ...golden, steps: golden.steps.slice(0, 1) })
    const evaluate = [...model, '--data', first, '--config', config, '--json']
    const tuned = await answer(runCli('dawn', ['evaluate', ...evaluate, '--adapter', golden.adapterDir]))
    expect(Math.abs(tuned.loss / golden.expected.loss[0] - 1)).toBeLessThan(2e-5)
    expect(tuned.perplexity).toBeCloseTo(Math.exp(tuned.loss), 6)
    const base = await answer(runCli('dawn', ['evaluate', ...evaluate]))
    expect(Object.keys(base).sort()).toEqual(['loss', 'perplexity', 'supervisedTokens'])
    expect(base.supervisedTokens).toBe(tuned.supervisedTokens)
    expect(base.loss).not.toBe(tuned.loss)
  })
})

describe('quantize and inspect', () => {
  test('write the keys of bitsandbytes, and tell the error of the same tensors', async () => {
    await answer(runCli('dawn', ['quantize', ...model, '--out', at('nf4'), '--json']))
    const tensors = readdirSync(at('nf4'))
    expect(tensors).toEqual(expect.arrayContaining(['config.json', 'model.safetensors']))
    const header = headerOf(join(at('nf4'), 'model.safetensors'))
    const weight = 'model.layers.0.self_attn.q_proj.weight'
    expect(header[weight]).toMatchObject({ dtype: 'U8', shape: [2048, 1] })
    const parts = [
      'absmax',
      'quant_map',
      'nested_absmax',
      'nested_quant_map',
      'quant_state.bitsandbytes__nf4',
    ]
    expect(
      Object.keys(header)
        .filter((key) => key.startsWith(`${weight}.`))
        .sort(),
    ).toEqual(parts.map((part) => `${weight}.${part}`).sort())
    const quantized = Object.keys(header).filter((key) => key.endsWith('.quant_map'))
    expect(quantized).toHaveLength(14)

    const report = await answer(runCli('dawn', ['inspect', ...model, '--json']))
    expect(report).toHaveLength(14)
    for (const tensor of report) {
      const elements = tensor.shape[0] * tensor.shape[1]
      expect(
        tensor.histogram.reduce((sum: number, count: number) => sum + count, 0),
        tensor.name,
      ).toBe(elements)
      expect(tensor.rmse ** 2, tensor.name).toBeCloseTo(tensor.mse, 10)
      expect(tensor.snrDb, tensor.name).toBeGreaterThan(15)
      expect(tensor.maxError, tensor.name).toBeGreaterThanOrEqual(tensor.rmse)
    }
  })
})

describe('plan', () => {
  test('needs no GPU, adds up, and judges the limits it is given', async () => {
    const limits = at('limits.json')
    writeFileSync(
      limits,
      JSON.stringify({ limits: { maxStorageBufferBindingSize: 1024, maxTextureDimension2D: 8192 } }),
    )
    const { program, args, env } = await cliProgram('dawn', [
      'plan',
      ...model,
      '--config',
      config,
      '--device-limits',
      limits,
      '--json',
    ])
    const plan = await answer(
      runProgram(program, args, { ...env, VK_DRIVER_FILES: '/nowhere.json', CHROME_PATH: '/nowhere' }),
    )
    const categories = [
      'activations',
      'adapters',
      'base4bit',
      'gradients',
      'kvCache',
      'optimizer',
      'scales',
      'staging',
      'weights',
      'workspace',
    ]
    expect(Object.keys(plan.bytes).sort()).toEqual(categories)
    expect(Object.values<number>(plan.bytes).reduce((sum, bytes) => sum + bytes, 0)).toBe(plan.totalBytes)
    expect(plan.verdicts).toContainEqual(
      expect.objectContaining({ limit: 'maxStorageBufferBindingSize', available: 1024, ok: false }),
    )
    expect(plan.verdicts).toContainEqual(expect.objectContaining({ limit: 'maxBufferSize', ok: true }))
  })

  test('foresees to the byte what training allocates on the device that it is told of', async () => {
    const out = at('as-planned')
    const run = await answer(runCli('dawn', ['finetune', ...inputs, '--out', out, '--json']))
    const planned: Record<string, number> = run.plannedBytes
    expect(Object.values(planned).reduce((sum, bytes) => sum + bytes, 0)).toBe(run.gpuBytes)
    const foresee = (...device: string[]) =>
      answer(runCli('dawn', ['plan', ...model, '--config', config, ...device, '--json']))
    const told = await foresee('--device-limits', join(out, 'run.json'))
    expect(told.bytes).toEqual(planned)
    // Untold, it assumes a GPU with the default limits: scratch space may differ, what is kept for the whole run not.
    const untold = await foresee()
    for (const kept of ['base4bit', 'scales', 'weights', 'adapters', 'gradients', 'optimizer', 'staging']) {
      expect(untold.bytes[kept], kept).toBe(planned[kept])
    }
  })
})

test('logits need no labels', async () => {
  const unlabelled = at('unlabelled.jsonl')
  writeFileSync(
    unlabelled,
    '{"input_ids":[1,2,3],"labels":[-100,-100,-100]}\n{"input_ids":[7,8],"labels":[-100,-100]}\n',
  )
  const out = at('unlabelled.safetensors')
  expect(
    await answer(runCli('dawn', ['logits', ...model, '--data', unlabelled, '--out', out, '--json'])),
  ).toEqual({ out, shape: [2, 3, 256] })
})

test('the documented command works, and says nothing but its answer on standard output', async () => {
  const out = at('logits.safetensors')
  expect(await answer(runNpmCli(['logits', ...inputs, '--runtime', 'dawn', '--out', out, '--json']))).toEqual(
    { out, shape: [2, 24, 256] },
  )
  expect([...(await readTensors(out)).keys()]).toEqual(['logits'])
})

function headerOf(path: string): Record<string, { dtype: string; shape: number[] }> {
  const bytes = readFileSync(path)
  return JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString())
}

/** Process ids that have `parent` as their parent (Linux; elsewhere none are known). */
function childrenOf(parent: number): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statusOf(pid)?.parent === parent)
}

/** A process that has ended stays listed as a zombie until its parent looks. */
const isRunning = (pid: number) => !['Z', 'X', undefined].includes(statusOf(pid)?.state)

function statusOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return { state, parent: Number(parent) }
  } catch {
    return undefined
  }
}
