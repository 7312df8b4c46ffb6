import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { RunConfigInput } from '../../../src/config/schema.ts'
import { uniform } from '../../../src/util/random.ts'
import { goldenCase, runConfigOf, writeDataset } from './cases.ts'
import { cliProgram, runCli } from './run-cli.ts'

/** Steps that a run comes forward between two kills, about. */
const STEPS_PER_KILL = 12
/** After a run has been planned: kernels, weights, restoring, then training and saving. */
const LATEST_KILL_MS = 1500

/** Where a run of each kind leaves what it has learned. */
const RESULTS = { adapter: 'adapter/adapter_model.safetensors', model: 'model/model.safetensors' }

/**
 * Trains once without and once with kills at random moments (SIGKILL: nothing is said good-bye to), going on from the
 * checkpoint after each; both must leave the same result and the same curve. Every page goes through the store and every
 * step is saved, so that most kills hit a write.
 * @returns what each kill hit, for the report of a failure
 */
export async function checkKillSeries(
  folder: string,
  kills: number,
  seed: number,
  name = 'tiny-llama/qlora',
): Promise<string[]> {
  const golden = goldenCase(name)
  const isFull = golden.expected.method === 'full'
  const result = isFull ? RESULTS.model : RESULTS.adapter
  mkdirSync(folder, { recursive: true })
  const [data, config] = [join(folder, 'rows.jsonl'), join(folder, 'RUN.json')]
  writeDataset(data, golden)
  const base = runConfigOf(golden)
  const written: RunConfigInput = {
    ...base,
    ...(!isFull && { lora: { dropout: 0.1 } }),
    train: { ...base.train, maxSteps: STEPS_PER_KILL * (kills + 1), saveEvery: 1 },
    optimizer: { ...base.optimizer, paging: { gpuBudgetBytes: 0, hostBudgetBytes: 0 } },
  }
  writeFileSync(config, JSON.stringify(written))
  const inputs = ['--model', golden.modelDir, '--data', data, '--config', config]
  const command = (out: string) => ['finetune', ...inputs, '--out', out]
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')]
  const resuming = () => [...command(killed), ...(hasCheckpoint(killed) ? ['--resume'] : [])]

  const uninterrupted = await runCli('dawn', command(whole))
  expect(uninterrupted.code, uninterrupted.stderr).toBe(0)

  const moments: string[] = []
  const told = () => `seed ${seed}; ${moments.join('; ')}`
  for (let kill = 0; kill < kills; kill++) {
    const waitMs = Math.floor(uniform(seed, kill) * LATEST_KILL_MS)
    await killDuring(resuming(), waitMs)
    moments.push(`kill after ${waitMs} ms: ${lastStep(killed)} steps`)
    if (!existsSync(join(killed, 'summary.json'))) continue
    // It came to its end first.
    expectSame(whole, killed, result, told())
    rmSync(killed, { recursive: true })
  }
  const last = await runCli('dawn', resuming())
  expect(last.code, `${last.stderr}\n${told()}`).toBe(0)
  expectSame(whole, killed, result, told())
  return moments
}

/** Runs a command and kills it so long after its run has begun; waits until it is gone. */
async function killDuring(command: readonly string[], waitMs: number): Promise<void> {
  const { program, args, env } = await cliProgram('dawn', command)
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let told = ''
  let timer: NodeJS.Timeout | undefined
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text
    if (/training \d+ parameters/.test(told)) timer ??= setTimeout(() => child.kill('SIGKILL'), waitMs)
  })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (code, signal) => resolve([code, signal]))
  })
  clearTimeout(timer)
  if (signal !== 'SIGKILL') expect(code, told).toBe(0)
}

const hasCheckpoint = (out: string): boolean => {
  const folder = join(out, 'checkpoint')
  return (
    existsSync(folder) && readdirSync(folder).some((run) => existsSync(join(folder, run, 'checkpoint.json')))
  )
}

const metricsOf = (out: string): Record<string, unknown>[] => {
  const path = join(out, 'metrics.jsonl')
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  return lines.map((line) => JSON.parse(line))
}

const lastStep = (out: string) => metricsOf(out).at(-1)?.step ?? 0

function expectSame(whole: string, killed: string, result: string, told: string): void {
  const learned = (out: string) => readFileSync(join(out, result))
  expect(learned(killed).equals(learned(whole)), told).toBe(true)
  // A kill between a save and the line of its step costs that line, never its update.
  const losses = new Map(metricsOf(whole).map((line) => [line.step, line['train/loss']]))
  for (const line of metricsOf(killed))
    expect(line['train/loss'], `step ${line.step}; ${told}`).toBe(losses.get(line.step))
}
