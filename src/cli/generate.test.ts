import { expect, test } from 'vitest'
import type { CommandArgs, Engine } from '../session/engine.ts'
import type { CommandContext } from './command.ts'
import { run } from './generate.ts'
import { studioRoot } from './studio-root.ts'

const MODEL = `${studioRoot()}/public/models/studio-tiny-3m`

/** Runs the command on an engine that writes its arguments down. */
async function generate(options: Record<string, string>, switches: string[] = []) {
  let args: CommandArgs<'model/generate'> | undefined
  const answers: unknown[] = []
  const engine = {
    async execute(name: string, given: unknown) {
      if (name === 'model/open') return { ...SUMMARY }
      args = given as CommandArgs<'model/generate'>
      return {
        text: 'Hi!',
        tokenIds: [5, 6],
        finishReason: 'stop',
        prompt: 'p',
        promptTokens: 3,
        tokensPerSecond: 12,
        promptTokensPerSecond: 1,
      }
    },
  } as unknown as Engine
  const context: CommandContext = {
    options: { model: MODEL, ...options },
    switches: new Set(switches),
    output: {
      note: () => {},
      progress: () => {},
      answer: (document, summary) => answers.push(document, summary),
    },
    engines: {
      runtime: 'dawn',
      open: async () => ({
        engine,
        reference: (path) => ({ kind: 'path', name: path, path }),
        storage: (path) => ({ kind: 'folder', path }),
        versions: {},
        close: async () => {},
      }),
      close: async () => {},
    },
  }
  await run(context)
  return { args, answers }
}

const SUMMARY = {
  name: 'm',
  architecture: 'LlamaForCausalLM',
  parameters: 1,
  layers: 1,
  hiddenSize: 1,
  vocabSize: 1,
  dtype: 'F32',
  sizeBytes: 1,
  ignoredTensors: [],
}

test('hands the prompt and the settings to the engine and prints the text', async () => {
  const options = {
    prompt: 'Hello',
    'max-new-tokens': '7',
    temperature: '0.5',
    'top-k': '4',
    'top-p': '0.9',
    seed: '3',
  }
  const { args, answers } = await generate(options, ['chat'])
  expect(args).toMatchObject({
    prompt: 'Hello',
    chat: true,
    maxNewTokens: 7,
    temperature: 0.5,
    topK: 4,
    topP: 0.9,
    seed: 3,
    adapter: undefined,
  })
  // Without --config the defaults hold: a base in 4 bits.
  expect(args?.config).toMatchObject({ method: 'qlora', quantization: { type: 'nf4', doubleQuant: true } })
  expect(answers).toEqual([
    { text: 'Hi!', tokenIds: [5, 6], tokensPerSecond: 12, finishReason: 'stop', promptTokens: 3 },
    'Hi!',
  ])
})

test('leaves what is not given to the engine', async () => {
  const { args } = await generate({ prompt: 'Hello' })
  expect(args).toMatchObject({ prompt: 'Hello', chat: false })
  for (const key of ['maxNewTokens', 'temperature', 'topK', 'topP', 'seed'])
    expect(args).not.toHaveProperty(key)
})

test('lists every option that is no number', async () => {
  const refused = generate({ prompt: 'a', temperature: 'warm', seed: 'x', 'top-p': 'NaN' })
  await expect(refused).rejects.toMatchObject({ code: 'input/arguments' })
  const { problems } = await refused.catch((error) => error)
  expect(problems.map(({ message }: { message: string }) => message)).toEqual([
    '--temperature is "warm", which is no number',
    '--top-p is "NaN", which is no number',
    '--seed is "x", which is no number',
  ])
})
