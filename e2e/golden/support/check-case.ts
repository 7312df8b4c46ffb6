import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { RuntimeName } from '../../../src/cli/command.ts'
import { nmse } from '../../../src/reference/nmse.ts'
import { goldenCase, runConfigOf, writeDataset } from './cases.ts'
import { runCli } from './run-cli.ts'
import { readTensors } from './tensors.ts'

/**
 * A float32 PyTorch run of the same cases stays within 2e-6, 1e-5 and 1e-12 of the float64 oracle; these leave room for
 * another order of summation.
 */
const LOSS_TOLERANCE = 2e-5
const GRAD_NORM_TOLERANCE = 2e-4
const LOGITS_NMSE = 1e-11
/** Ten steps of AdamW: an element whose gradient is near zero can move the other way by the whole learning rate. */
const FINAL_NMSE = 1e-5

const relativeError = (actual: number, expected: number) => Math.abs(actual - expected) / Math.abs(expected)

/** Trains a golden case through `cli finetune` and computes its first logits through `cli logits`; all must agree. */
export async function checkGoldenCase(name: string, runtime: RuntimeName): Promise<void> {
  const golden = goldenCase(name)
  const isFull = golden.expected.method === 'full'
  const folder = mkdtempSync(join(tmpdir(), 'nibble-golden-'))
  try {
    const [data, config, out, logitsFile] = ['rows.jsonl', 'RUN.json', 'out', 'logits.safetensors'].map(
      (file) => join(folder, file),
    )
    writeDataset(data, golden)
    writeFileSync(config, JSON.stringify(runConfigOf(golden)))
    const inputs = [
      '--model',
      golden.modelDir,
      '--data',
      data,
      '--config',
      config,
      ...(isFull ? [] : ['--adapter', golden.adapterDir]),
    ]
    const expected = await readTensors(golden.tensorsFile)

    const trained = await runCli(runtime, ['finetune', ...inputs, '--out', out, '--json'])
    expect(trained, trained.stderr).toMatchObject({ code: 0 })
    checkSteps(readFileSync(join(out, 'metrics.jsonl'), 'utf8'), golden.expected)
    const result = isFull ? 'model/model.safetensors' : 'adapter/adapter_model.safetensors'
    checkTensors(await readTensors(join(out, result)), expected, 'final.', FINAL_NMSE)

    const computed = await runCli(runtime, ['logits', ...inputs, '--out', logitsFile])
    expect(computed, computed.stderr).toMatchObject({ code: 0 })
    checkTensors(
      await readTensors(logitsFile),
      new Map([['=logits', expected.get('logits') as Tensor]]),
      '=',
      LOGITS_NMSE,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function checkSteps(metrics: string, expected: { loss: number[]; gradNorm: number[] }): void {
  const lines = metrics
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>)
  const steps = lines.filter((line) => 'train/loss' in line)
  expect(steps.map(({ step }) => step)).toEqual(expected.loss.map((_, i) => i + 1))
  steps.forEach((line, i) => {
    const loss = relativeError(line['train/loss'], expected.loss[i])
    const norm = relativeError(line['optimizer/grad_norm'], expected.gradNorm[i])
    expect(loss, `loss of step ${i + 1}`).toBeLessThanOrEqual(LOSS_TOLERANCE)
    expect(norm, `gradient norm of step ${i + 1}`).toBeLessThanOrEqual(GRAD_NORM_TOLERANCE)
  })
}

type Tensor = { shape: readonly number[]; values: Float32Array }

/** Every expected tensor whose name has the prefix is there under the rest of its name, and no other tensor. */
function checkTensors(
  actual: Map<string, Tensor>,
  expected: Map<string, Tensor>,
  prefix: string,
  tolerance: number,
): void {
  const wanted = [...expected]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, tensor]) => [name.slice(prefix.length), tensor] as const)
  expect([...actual.keys()].sort()).toEqual(wanted.map(([name]) => name).sort())
  for (const [name, { shape, values }] of wanted) {
    const tensor = actual.get(name) as Tensor
    expect(tensor.shape, name).toEqual(shape)
    expect(nmse(tensor.values, values), name).toBeLessThanOrEqual(tolerance)
  }
}
