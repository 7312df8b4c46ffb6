import { beforeAll, describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import type { RunConfigInput } from '../config/schema.ts'
import { runTemplate } from '../data/testing/run-template.ts'
import { laneRuntime } from '../ops/testing/lane-runtime.ts'
import { MemoryPageStore } from '../optim/page-store.ts'
import { memorySource } from '../util/byte-source.ts'
import type { CommandArgs, Engine } from './engine.ts'
import type { RunEvent } from './events.ts'
import type { FileReference, OutputFile } from './files.ts'
import { createLocalEngine } from './local-engine.ts'
import { fetchSource } from './testing/golden-case.ts'

const MODEL = '/models/studio-tiny-3m'
const MODEL_FILES = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
]

/** The samples of the model's own README: greedy, on the weights as they are stored. */
const GREEDY: [question: string, answer: string][] = [
  ['Define "otter" (n.).', 'A person who is not a member of a person.'],
  ['What is a river?', 'A river is a river in the river that flows through the river.'],
  [
    'Tell me a short story about a fox.',
    'One day, a shy fox named Jack went to the school. It was a sunny morning. He and his friend Jane found a feather by the wooden gate. "It is mine," said Jack. "No, I saw it first," said Jane. They began to shout. Soon Jack missed his friend. The next day Jack said, "I am sorry." Jane smiled and said it was all right. They gave the feather to someone who needed it more.',
  ],
  ['Hello!', 'Hello!'],
  ['What sound does a cow make?', 'A cow can moo.'],
  ['Repeat this: {"a": [1, 2]}', '{"a", []}'],
  ['What is the opposite of "cold"?', 'The opposite of "cold" is "uncold".'],
]

const file = (path: string): FileReference => ({
  kind: 'url',
  name: path.split('/').at(-1) ?? path,
  url: path,
})
const asReference = ({ path, bytes }: OutputFile): FileReference => ({
  kind: 'blob',
  name: path,
  blob: new Blob([bytes]),
})

async function openEngine(): Promise<Engine> {
  const engine = createLocalEngine({
    runtime: laneRuntime,
    resolveFile: async (reference) => {
      if (reference.kind === 'blob')
        return memorySource(reference.name, new Uint8Array(await reference.blob.arrayBuffer()))
      if (reference.kind === 'url') return fetchSource(reference.url)
      throw new Error('no paths in a page')
    },
    openStore: async () => new MemoryPageStore(),
    runTemplate,
  })
  await engine.execute('model/open', {
    name: 'studio-tiny-3m',
    files: MODEL_FILES.map((name) => file(`${MODEL}/${name}`)),
  })
  return engine
}

const configOf = (changes: RunConfigInput = {}) => parseRunConfig(changes)
const unquantized = configOf({ method: 'lora' })

describe('the base as it is stored', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine()
  })

  it.each(GREEDY)('%s', async (prompt, answer) => {
    const events: RunEvent[] = []
    const result = await engine.execute(
      'model/generate',
      { prompt, chat: true, config: unquantized },
      { onEvent: (event) => events.push(event) },
    )
    expect(result).toMatchObject({
      text: answer,
      finishReason: 'stop',
      prompt: `<|endoftext|><|user|>${prompt}<|end|><|assistant|>`,
    })
    const tokens = events.filter((event) => event.type === 'generate/token')
    expect(tokens.map(({ tokenId }) => tokenId)).toEqual(result.tokenIds)
    expect(tokens.map(({ text }) => text).join('')).toBe(answer)
    for (const { probability } of tokens) expect(probability > 0 && probability <= 1).toBe(true)
    expect(result.tokensPerSecond).toBeGreaterThan(0)
  })

  it('continues a plain text behind the token that begins documents', async () => {
    const { prompt, text, finishReason, tokenIds } = await engine.execute('model/generate', {
      prompt: 'The government of the United States',
      config: unquantized,
      maxNewTokens: 5,
    })
    expect(prompt).toBe('<|endoftext|>The government of the United States')
    expect(tokenIds).toHaveLength(5)
    expect(finishReason).toBe('length')
    expect(text).toMatch(/^[ ,]/)
  })

  it('takes a conversation, and stops at a stop string', async () => {
    const messages = [
      { role: 'user', content: 'Hello!' },
      { role: 'assistant', content: 'Hello!' },
      { role: 'user', content: 'What sound does a cow make?' },
    ]
    const whole = await engine.execute('model/generate', { messages, config: unquantized })
    expect(whole.prompt).toContain('<|assistant|>Hello!<|end|><|user|>')
    const cut = await engine.execute('model/generate', {
      messages,
      config: unquantized,
      stop: [whole.text.slice(4, 8)],
    })
    expect(cut).toMatchObject({
      text: whole.text.slice(0, whole.text.indexOf(whole.text.slice(4, 8))),
      finishReason: 'stop',
    })
  })

  it('the same seed says the same, another one something else; requests wait for each other', async () => {
    const say = (seed: number) =>
      engine.execute('model/generate', {
        prompt: 'Tell me a short story.',
        chat: true,
        config: unquantized,
        temperature: 1,
        topP: 0.9,
        seed,
        maxNewTokens: 20,
      })
    const [first, second, third] = await Promise.all([say(1), say(1), say(2)])
    expect(second.text).toBe(first.text)
    expect(third.text).not.toBe(first.text)
  })

  it('is cancelled with the code of cancelling, and speaks again afterwards', async () => {
    const cancel = new AbortController()
    const onEvent = (event: RunEvent) => {
      if (event.type === 'generate/token') cancel.abort()
    }
    const options = { onEvent, signal: cancel.signal }
    const endless = engine.execute(
      'model/generate',
      { prompt: 'Once', config: unquantized, maxNewTokens: 400, temperature: 1 },
      options,
    )
    await expect(endless).rejects.toMatchObject({ code: 'cancelled' })
    const again = await engine.execute('model/generate', {
      prompt: 'Hello!',
      chat: true,
      config: unquantized,
    })
    expect(again.text).toBe('Hello!')
  })

  it('refuses what it cannot do, all at once', async () => {
    const bad = engine.execute('model/generate', {
      temperature: -1,
      topP: 0,
      topK: 1.5,
      maxNewTokens: 0,
      stop: [''],
    })
    await expect(bad).rejects.toMatchObject({
      code: 'input/generate',
      problems: Array.from({ length: 6 }, () => expect.anything()),
    })
    const long = engine.execute('model/generate', { prompt: 'word '.repeat(600) })
    await expect(long).rejects.toMatchObject({
      code: 'input/generate',
      message: expect.stringMatching(/the model remembers 512/),
    })
    await expect(engine.execute('model/generate', { prompt: 'a', adapter: 'run' })).rejects.toMatchObject({
      code: 'input/no-run',
    })
  })
})

describe('beside a run', () => {
  const config = configOf({
    lora: { rank: 4, alpha: 16 },
    data: { packing: false, maxSeqLength: 64 },
    train: { maxSteps: 4, batchSize: 2, gradAccumSteps: 1 },
    optimizer: { lr: 4e-3 },
  })
  const question = { prompt: 'What is the capital of Utah?', chat: true, maxNewTokens: 10 } as const

  async function prepared(): Promise<Engine> {
    const engine = await openEngine()
    await engine.execute('dataset/open', { file: file('/datasets/us-state-capitals.jsonl'), config })
    return engine
  }

  /** Of the first test, for the others: starting a run is what takes its time. */
  let finished: Engine | null = null

  it('speaks while the run is paused, with its weights, and leaves the run as it was', async () => {
    const undisturbed = await prepared()
    await undisturbed.execute('run/start', { config })
    const expected = await undisturbed.execute('run/export', {})

    const engine = await prepared()
    const spoken: Record<string, string> = {}
    let adapterThen: OutputFile[] = []
    const allocated: number[] = []
    let talk: Promise<void> | null = null
    let onTheWay: Promise<{ step: number; files: OutputFile[] }> | undefined
    const during = async () => {
      const onEvent = (event: RunEvent) => {
        if (event.type === 'memory/allocated') allocated.push(event.bytes)
        expect(event.type).not.toBe('quant/tensor')
      }
      // Side by side: both at once.
      const [base, tuned] = await Promise.all([
        engine.execute('model/generate', question, { onEvent }),
        engine.execute('model/generate', { ...question, adapter: 'run' }, { onEvent }),
      ])
      adapterThen = await engine.execute('run/export', {})
      Object.assign(spoken, { base: base.text, tuned: tuned.text })
      await engine.execute('run/resume', {})
    }
    const onEvent = (event: RunEvent) => {
      if (event.type === 'memory/allocated') allocated.push(event.bytes)
      if (event.type === 'run/step' && event.step.step === 1) onTheWay = engine.execute('run/export-step', {})
      if (event.type === 'run/step' && event.step.step === 2) {
        const refused = engine.execute('model/generate', question)
        refused.catch((error) => expect(error).toMatchObject({ code: 'engine/busy' }))
        void engine.execute('run/pause', {})
      }
      if (event.type === 'run/paused') talk = during()
    }
    const summary = await engine.execute('run/start', { config }, { onEvent })
    await talk
    expect(summary.steps).toBe(4)
    expect(spoken.tuned).not.toBe(spoken.base)
    expect(await engine.execute('run/export', {})).toEqual(expected)
    // Taken while it trained, at a step that it names, and it has learned since.
    const early = (await onTheWay) as Awaited<NonNullable<typeof onTheWay>>
    expect([1, 2]).toContain(early.step)
    expect(early.files.map(({ path }) => path)).toEqual(expected.map(({ path }) => path))
    expect(early.files).not.toEqual(expected)
    // One plan for both, and only what the run does not hold already.
    expect(allocated).toHaveLength(2)
    expect(allocated[1] - allocated[0]).toBeLessThan(12 << 20)

    // The adapter as it was then, from its files: the same words.
    const reread = await engine.execute('model/generate', {
      ...question,
      adapter: adapterThen.map(asReference),
      config,
    })
    expect(reread.text).toBe(spoken.tuned)
    // And the finished one goes on being heard.
    const last = await engine.execute('model/generate', { ...question, adapter: 'run' })
    const lastReread = await engine.execute('model/generate', {
      ...question,
      adapter: expected.map(asReference),
      config,
    })
    expect(lastReread.text).toBe(last.text)
    finished = engine
  })

  it('speaks with more or less of the adapter: none is the base, whether it is the run’s or from files', async () => {
    const engine = finished as Engine
    const adapter = (await engine.execute('run/export', {})).map(asReference)
    const heard = async (changes: Partial<CommandArgs<'model/generate'>>) => {
      const probabilities: number[] = []
      const onEvent = (event: RunEvent) => {
        if (event.type === 'generate/token') probabilities.push(event.probability)
      }
      const { text } = await engine.execute('model/generate', { ...question, ...changes }, { onEvent })
      return { text, probabilities }
    }
    const base = await heard({})
    const tuned = await heard({ adapter: 'run' })
    expect(tuned).not.toEqual(base)
    expect(await heard({ adapter: 'run', strength: 1 })).toEqual(tuned)
    for (const speaker of ['run', adapter] as const)
      expect(await heard({ adapter: speaker, strength: 0 })).toEqual(base)
    const half = await heard({ adapter: 'run', strength: 0.5 })
    expect(half.probabilities).not.toEqual(tuned.probabilities)
    expect(half.probabilities).not.toEqual(base.probabilities)
    expect(await heard({ adapter, strength: 0.5 })).toEqual(half)
  })

  it('does not speak for the run when another model is open', async () => {
    const engine = finished as Engine
    const files = MODEL_FILES.map((name) => file(`${MODEL}/${name}`))
    await engine.execute('model/open', { name: 'another', files })
    await expect(engine.execute('model/generate', { ...question, adapter: 'run' })).rejects.toMatchObject({
      code: 'input/other-model',
      message: 'The run has trained studio-tiny-3m, but another is open now',
    })
    expect((await engine.execute('model/generate', question)).text).not.toBe('')
  })
})
