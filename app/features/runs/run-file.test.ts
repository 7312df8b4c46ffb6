import { strToU8, unzipSync, zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import type { RunSummary } from '../../../src/session/events.ts'
import { isInputError } from '../../../src/util/errors.ts'
import { type KeptRun, newRecord } from '../../stores/history-record.ts'
import { StepSeries } from '../../stores/step-series.ts'
import { fileNameOf, readRunFile, writeRunFile } from './run-file.ts'

const summary: RunSummary = {
  runId: 'run-1',
  steps: 3,
  stopped: false,
  firstLoss: 3,
  lastLoss: Number.NaN,
  evalLossBefore: null,
  evalLoss: 0.5,
  supervisedTokens: 40,
  durationMs: 12.5,
  tokensPerSecond: 99.25,
  gpuBytes: 1000,
}

const start = {
  id: 'run-1',
  model: 'tiny',
  dataset: 'capitals.jsonl',
  device: 'GPU',
  config: { method: 'qlora', train: { seed: 7, maxSteps: 3 } },
}

const run: KeptRun = {
  record: {
    ...newRecord(start, 'capitals <b>1</b>', 1_700_000_000_000),
    notes: '<script>alert(1)</script>',
    status: 'finished',
    step: 3,
    totalSteps: 3,
    lastLoss: Number.NaN,
    evalLoss: 0.5,
    tokensPerSecond: 99.25,
    durationMs: 12.5,
    summary,
  },
  detail: {
    evaluations: [{ step: 3, loss: 0.5, perplexity: Number.POSITIVE_INFINITY, supervisedTokens: 9 }],
    tensors: [
      {
        name: 'model.layers.0.self_attn.q_proj.weight',
        shape: [64, 64],
        block: 0,
        mse: 1e-4,
        rmse: 1e-2,
        mae: 8e-3,
        maxError: 0.1,
        snrDb: 20,
        bitsPerParam: 4.127,
        histogram: Array(16).fill(256),
        codePoints: Array(16).fill(0.1),
      },
    ],
    deltaRatios: [{ step: 2, ratios: [{ name: 'q_proj', ratio: 0.3 }] }],
    samples: [
      {
        step: 2,
        answers: [
          {
            prompt: 'Q',
            expected: 'A',
            row: 3,
            heldOut: true,
            text: '<b>A</b>',
            finishReason: 'stop' as const,
          },
        ],
        durationMs: 12.5,
      },
    ],
    memory: {
      maxBufferBytes: 1024,
      offsetMs: 0,
      readings: [{ atMs: 0.5, during: 'paused', bytes: { base4bit: 3, playground: 4 }, totalBytes: 7 }],
    },
    log: [
      { id: 0, step: 0, kind: 'started', totalSteps: 3 },
      { id: 1, step: 3, kind: 'not-finite', metric: 'train/loss', value: Number.NaN },
      { id: 2, step: 3, kind: 'finished', stopped: false },
    ],
  },
  steps: StepSeries.from([
    { step: 1, metrics: { 'train/loss': 3.125, 'optimizer/lr': 2e-3 } },
    { step: 2, metrics: { 'train/loss': 0.1 + 0.2 } },
    { step: 3, metrics: { 'train/loss': Number.NaN, 'optimizer/lr': 1e-3 } },
  ]),
}
const adapter = [
  { path: 'adapter_config.json', bytes: new TextEncoder().encode('{"r":8}') },
  { path: 'adapter_model.safetensors', bytes: crypto.getRandomValues(new Uint8Array(40_000)) },
]

const written = await writeRunFile(run, adapter)
const contents = () => unzipSync(written) as Record<string, Uint8Array<ArrayBuffer>>
const packed = (files: Record<string, Uint8Array>) => new Blob([zipSync(files) as Uint8Array<ArrayBuffer>])
const changed = (change: (manifest: ReturnType<typeof JSON.parse>) => void) => {
  const files = contents()
  const manifest = JSON.parse(new TextDecoder().decode(files['run.json']))
  change(manifest)
  return packed({ ...files, 'run.json': strToU8(JSON.stringify(manifest)) })
}

async function refusal(file: Blob): Promise<string> {
  try {
    await readRunFile(file)
  } catch (error) {
    if (!isInputError(error)) throw error
    expect(error.problems?.every(({ fix }) => fix)).toBe(true)
    return error.problems?.map(({ message }) => message).join('\n') ?? ''
  }
  throw new Error('The file was taken')
}

describe('a run file', () => {
  it('gives back the run, every number of it, and its adapter', async () => {
    const opened = await readRunFile(new Blob([written]))
    expect([...opened.run.steps]).toEqual([...run.steps])
    expect(opened.run.detail).toEqual(run.detail)
    expect(opened.run.record).toEqual(run.record)
    expect(opened.files).toEqual(expect.arrayContaining(adapter))
    expect(opened.files).toHaveLength(2)
  })

  it('of a run that was going on is one that was interrupted', async () => {
    const running = { ...run, record: { ...run.record, status: 'running' as const } }
    const opened = await readRunFile(new Blob([await writeRunFile(running, [])]))
    expect(opened.run.record.status).toBe('interrupted')
  })

  it('holds 50,000 steps', async () => {
    const steps = StepSeries.from(
      Array.from({ length: 50_000 }, (_, index) => ({
        step: index + 1,
        metrics: { 'train/loss': 1 / (index + 3) },
      })),
    )
    const opened = await readRunFile(new Blob([await writeRunFile({ ...run, steps }, [])]))
    expect(opened.run.steps.values('train/loss')).toEqual(steps.values('train/loss'))
  })

  it('is read from a container that another program has packed', async () => {
    expect((await readRunFile(packed(contents()))).run.record.name).toBe(run.record.name)
  })

  it('has a name that every system takes', () => {
    expect(fileNameOf({ name: '../../etc/pass: wd?' })).not.toMatch(/[/\\:?]|^\./)
    expect(fileNameOf({ name: '///' })).toBe('run')
  })
})

describe('what is no run file is refused:', () => {
  it('another kind of file', async () => {
    expect(await refusal(new Blob(['{"step":1}']))).toContain('not a run file')
  })

  it('one that is cut off anywhere', async () => {
    for (const share of [0.2, 0.5, 0.9])
      expect(await refusal(new Blob([written.slice(0, written.length * share)]))).not.toBe('')
  })

  it('one with a changed byte in its adapter or its metrics', async () => {
    const files = contents()
    files['adapter/adapter_model.safetensors'][123] ^= 1
    expect(await refusal(packed(files))).toContain('adapter/adapter_model.safetensors in it is damaged')
    const metrics = strToU8(new TextDecoder().decode(contents()['metrics.jsonl']).replace('3.125', '2.125'))
    expect(await refusal(packed({ ...contents(), 'metrics.jsonl': metrics }))).toContain('damaged')
  })

  it('one that lacks what it lists, or holds what it does not', async () => {
    const { 'adapter/adapter_config.json': _, ...fewer } = contents()
    expect(await refusal(packed(fewer))).toContain('adapter/adapter_config.json is missing')
    expect(await refusal(packed({ ...contents(), 'adapter/more.bin': new Uint8Array(4) }))).toContain(
      'does not list',
    )
    for (const path of [
      '../evil.js',
      'adapter/../../x',
      '/etc/passwd',
      'index.html',
      `adapter/${'x'.repeat(500)}`,
    ])
      expect(await refusal(packed({ ...contents(), [path]: new Uint8Array(4) }))).toContain(
        'does not belong there',
      )
  })

  it('one that unpacks to far more than it is, before it has', async () => {
    const bomb = zipSync({
      'run.json': [new Uint8Array(40 * 2 ** 20), { level: 6 }],
    }) as Uint8Array<ArrayBuffer>
    expect(bomb.length).toBeLessThan(2 ** 20)
    expect(await refusal(new Blob([bomb]))).toContain('larger than')
  })

  it('one of a later version, by name', async () => {
    expect(await refusal(changed((manifest) => (manifest.version = 2)))).toContain('newer studio')
    expect(await refusal(changed((manifest) => (manifest.format = 'x')))).toContain('does not describe a run')
  })

  it('one with a wrong kind of value anywhere, naming the place', async () => {
    const places: [string, (manifest: ReturnType<typeof JSON.parse>) => void][] = [
      ['run.name', ({ run }) => (run.name = { toString: 1 })],
      ['run.notes', ({ run }) => (run.notes = 'x'.repeat(200_000))],
      ['run.status', ({ run }) => (run.status = 'gone')],
      ['detail.evaluations.0.loss', ({ detail }) => (detail.evaluations[0].loss = '<img>')],
      ['detail.tensors.0.histogram', ({ detail }) => (detail.tensors[0].histogram = Array(5000).fill(1))],
      ['files.0.sha256', ({ files }) => (files[0].sha256 = 'none')],
    ]
    for (const [place, change] of places) expect(await refusal(changed(change))).toContain(place)
  })

  it('one whose metrics go backwards or have impossible names', async () => {
    const withMetrics = async (text: string) => {
      const bytes = strToU8(text)
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
      const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
      const files = contents()
      const manifest = JSON.parse(new TextDecoder().decode(files['run.json']))
      Object.assign(manifest.files[0], { sizeBytes: bytes.length, sha256 })
      return packed({ ...files, 'run.json': strToU8(JSON.stringify(manifest)), 'metrics.jsonl': bytes })
    }
    expect(await refusal(await withMetrics('{"step":2}\n{"step":1}\n'))).toContain(
      'step 1 comes after step 2',
    )
    expect(await refusal(await withMetrics('{"step":1,"evil":1}\n'))).toContain('no metric')
    expect(await refusal(await withMetrics('{"step":1,"train/loss":"low"}\n'))).toContain('line 1')
  })

  it('a line of the log of a kind to come is left out, the rest is shown', async () => {
    const file = changed(({ detail }) => detail.log.push({ id: 9, step: 3, kind: 'celebrated' }))
    expect((await readRunFile(file)).run.detail.log).toEqual(run.detail.log)
  })
})
