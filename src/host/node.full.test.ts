import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import type { RunConfig } from '../config/schema.ts'
import { findGpu } from '../ops/testing/lane-runtime.ts'
import type { Engine } from '../session/engine.ts'
import type { FileReference } from '../session/files.ts'
import { createNodeEngine } from './node.ts'

const shipped = (path: string) => fileURLToPath(new URL(`../../public/${path}`, import.meta.url))
const file = (path: string): FileReference => ({
  kind: 'path',
  name: path.slice(path.lastIndexOf('/') + 1),
  path: shipped(path),
})

const MODEL = 'models/studio-tiny-3m'
const DATASET = 'datasets/us-state-capitals.jsonl'

const adapter = await findGpu().then((gpu) => gpu.requestAdapter())
const title = (name: string) =>
  adapter ? name : `${name}: skipped, this machine has no Vulkan driver, not even a software one`
const onDawn = test.skipIf(!adapter)

async function prepared(config: RunConfig): Promise<Engine> {
  const engine = createNodeEngine()
  const files = readdirSync(shipped(MODEL))
    .filter((name) => /\.(json|safetensors)$/.test(name))
    .map((name) => file(`${MODEL}/${name}`))
  await engine.execute('model/open', { name: 'studio-tiny-3m', files })
  await engine.execute('dataset/open', { file: file(DATASET), config })
  return engine
}

onDawn(
  title('150 QLoRA steps on the capitals: all 50 questions are answered exactly, none by the base'),
  async () => {
    // The recipe with which PyTorch learned the same rows (README).
    const config = parseRunConfig({
      method: 'qlora',
      lora: { rank: 8, alpha: 16 },
      data: { packing: false, maxSeqLength: 64 },
      train: { maxSteps: 150, batchSize: 16, gradAccumSteps: 1, gradientCheckpointing: false },
      optimizer: { lr: 2e-3 },
    })
    const engine = await prepared(config)
    const { lastLoss } = await engine.execute('run/start', { config })
    expect(lastLoss).toBeLessThan(0.03)

    const rows = readFileSync(shipped(DATASET), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows).toHaveLength(50)
    const answers = async (speaker: { adapter?: 'run' }) => {
      const texts: string[] = []
      for (const { instruction: prompt } of rows) {
        const args = { prompt, chat: true, maxNewTokens: 40, ...speaker }
        texts.push((await engine.execute('model/generate', args)).text)
      }
      return texts
    }
    const expected = rows.map(({ output }) => output)
    expect(await answers({ adapter: 'run' })).toEqual(expected)
    expect((await answers({})).filter((text, row) => text === expected[row])).toEqual([])
  },
  1_800_000,
)

onDawn(title('beside a run that trains every weight, the base speaks as it came'), async () => {
  const config = parseRunConfig({
    method: 'full',
    data: { packing: false, maxSeqLength: 64 },
    train: { maxSteps: 3, batchSize: 8, gradAccumSteps: 1 },
    optimizer: { lr: 1e-3 },
  })
  const engine = await prepared(config)
  const heard = async (speaker: { adapter?: 'run' }) => {
    const probabilities: number[] = []
    const args = { prompt: 'Hello!', chat: true, maxNewTokens: 8, config, ...speaker }
    const { text } = await engine.execute('model/generate', args, {
      onEvent: (event) => {
        if (event.type === 'generate/token') probabilities.push(event.probability)
      },
    })
    return { text, probabilities }
  }
  const before = await heard({})
  // As the model's own README says.
  expect(before.text).toBe('Hello!')
  await engine.execute('run/start', { config })
  const tuned = await heard({ adapter: 'run' })
  expect(tuned.probabilities).not.toEqual(before.probabilities)
  expect(await heard({})).toEqual(before)
  expect(await heard({ adapter: 'run' })).toEqual(tuned)
})
