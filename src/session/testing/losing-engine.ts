import { parseRunConfig } from '../../config/parse.ts'
import type { RunConfig } from '../../config/schema.ts'
import { runTemplate } from '../../data/testing/run-template.ts'
import { MemoryPageStore, type PageStore } from '../../optim/page-store.ts'
import { type ByteSource, memorySource } from '../../util/byte-source.ts'
import type { Engine } from '../engine.ts'
import type { RunEvent } from '../events.ts'
import { createLocalEngine } from '../local-engine.ts'
import { fetchSource, goldenCase } from './golden-case.ts'
import { losingDevice } from './losing-device.ts'

export const STEPS = 5
export const storage = { kind: 'browser' } as const

/** An engine whose device can be lost, with a model and rows opened. */
async function openEngine(
  name: string,
  folder: string,
  files: string[],
  rows: ByteSource,
  config: RunConfig,
  store: PageStore = new MemoryPageStore(),
) {
  const device = losingDevice()
  const engine = createLocalEngine({
    runtime: device.runtime,
    resolveFile: async (file) => (file.name === 'rows' ? rows : fetchSource(`${folder}/${file.name}`)),
    openStore: async () => store,
    runTemplate,
  })
  const file = (name: string) => ({ kind: 'url' as const, name, url: name })
  await engine.execute('model/open', { name, files: files.map(file) })
  await engine.execute('dataset/open', { file: file('rows'), config })
  return { engine, device, config }
}

/** Opens a golden model's engines: a checkpoint every other step, and every page through the store. */
export async function goldenEngines(
  model = 'tiny-llama',
  method: 'qlora' | 'full' = 'qlora',
  evalFraction = 0.2,
) {
  const golden = await goldenCase(model, method)
  const config = structuredClone(golden.config)
  Object.assign(config.train, { maxSteps: STEPS, saveEvery: 2, evalEvery: 3 })
  config.data.evalFraction = evalFraction
  if (method === 'qlora') config.lora.dropout = 0.1
  Object.assign(config.optimizer.paging, { gpuBudgetBytes: 0, hostBudgetBytes: 0 })
  const files = ['config.json', 'model.safetensors']
  return (store?: PageStore) => openEngine(model, `/e2e/golden/${model}`, files, golden.rows, config, store)
}

/** An engine that can speak, with one row to train on. */
export function speakingEngine(method: RunConfig['method'] = 'qlora') {
  const files = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
  const rows = memorySource('rows', new TextEncoder().encode('{"prompt": "Hello!", "completion": "Hi."}\n'))
  const config = parseRunConfig({ method, train: { maxSteps: 2, gradAccumSteps: 1 } })
  return openEngine('studio-tiny-3m', '/models/studio-tiny-3m', files, rows, config)
}

/** Bytes of the adapter, or of the weights of a full fine-tuning. */
export async function adapterOf(engine: Engine): Promise<Uint8Array> {
  const files = await engine.execute('run/export', {})
  return files.find(({ path }) => path.endsWith('.safetensors'))?.bytes ?? new Uint8Array()
}

/** A run to its end; `watch` is told of every event. */
export async function trainTo({
  engine,
  config,
  watch,
  kept = true,
}: {
  engine: Engine
  config: RunConfig
  watch?: (event: RunEvent) => void
  /** Whether it keeps checkpoints. */
  kept?: boolean
}) {
  const events: RunEvent[] = []
  const args = { config, ...(kept && { storage }) }
  const onEvent = (event: RunEvent) => {
    events.push(event)
    watch?.(event)
  }
  const summary = await engine.execute('run/start', args, { onEvent })
  const of = <T extends RunEvent['type']>(type: T) =>
    events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type)
  return { summary, of, adapter: await adapterOf(engine), losses: lossesOf(of('run/step')) }
}

/** Losses of the steps that count in the end: those of a lost session that its successor repeats are replaced. */
function lossesOf(events: Extract<RunEvent, { type: 'run/step' }>[]): unknown[] {
  const losses: unknown[] = []
  for (const { step } of events) losses[step.step] = step.metrics['train/loss']
  return losses.slice(1)
}
