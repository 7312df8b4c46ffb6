import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { runTemplate } from '../data/testing/run-template.ts'
import { type ByteSource, memorySource } from '../util/byte-source.ts'
import { readRequest } from './generate-request.ts'
import { type OpenedModel, openModel } from './open-model.ts'

const folder = new URL('../../public/models/studio-tiny-3m/', import.meta.url)
const sources = (
  change: (name: string, bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null = (_, bytes) =>
    bytes,
): ByteSource[] =>
  readdirSync(folder)
    .filter((name) => /\.(json|safetensors)$/.test(name))
    .flatMap((name) => {
      const bytes = change(name, new Uint8Array(readFileSync(new URL(name, folder))))
      return bytes ? [memorySource(name, bytes)] : []
    })

let model: OpenedModel
beforeAll(async () => {
  model = await openModel('studio-tiny-3m', sources(), runTemplate)
})

describe('readRequest', () => {
  it('fills in greedy decoding of up to 256 tokens', async () => {
    expect(await readRequest({ prompt: 'Hi' }, model)).toMatchObject({
      sampling: { temperature: 0, topK: 0, topP: 1, seed: 0 },
      maxNewTokens: 256,
      stopStrings: [],
    })
  })

  it('stops where the template, the tokenizer or a config say', async () => {
    expect([...(await readRequest({ prompt: 'Hi' }, model)).stopIds].sort()).toEqual([0, 4])
    const other = new TextEncoder().encode('{"eos_token_id": 17}')
    const changed = await openModel(
      'changed',
      sources((name, bytes) => (name === 'generation_config.json' ? other : bytes)),
      runTemplate,
    )
    expect((await readRequest({ prompt: 'Hi' }, changed)).stopIds).toContain(17)
  })

  it('gives the prompt exactly as the model reads it, with one token at the beginning', async () => {
    const plain = await readRequest({ prompt: 'Hi there' }, model)
    expect(plain.prompt).toBe('<|endoftext|>Hi there')
    const chat = await readRequest({ prompt: 'Hi there', chat: true }, model)
    expect(chat.prompt).toBe('<|endoftext|><|user|>Hi there<|end|><|assistant|>')
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi there' },
    ]
    expect((await readRequest({ messages }, model)).prompt).toBe(
      '<|endoftext|><|user|>Be brief.\n\nHi there<|end|><|assistant|>',
    )
  })

  it('refuses settings out of range, all at once', async () => {
    const request = readRequest(
      {
        messages: [],
        prompt: 'a',
        temperature: Number.NaN,
        topP: 1.1,
        topK: -1,
        seed: 0.5,
        maxNewTokens: 0,
        strength: -1,
        stop: ['a', ''],
      },
      model,
    )
    await expect(request).rejects.toMatchObject({ code: 'input/generate' })
    const { problems } = await request.catch((error) => error)
    expect(problems.map(({ path }: { path: string }) => path)).toEqual([
      'temperature',
      'topK',
      'topP',
      'seed',
      'maxNewTokens',
      'strength',
      'stop',
      'prompt',
    ])
  })

  it('takes a prompt as long as the context, not one longer', async () => {
    const words = (count: number) => 'a'.concat(' a'.repeat(count - 2))
    const longest = await readRequest({ prompt: words(512) }, model)
    expect(longest.promptIds).toHaveLength(512)
    await expect(readRequest({ prompt: words(513) }, model)).rejects.toThrow(
      'The prompt has 513 tokens, the model remembers 512',
    )
  })

  it('names a broken generation config and a missing tokenizer', async () => {
    const broken = new TextEncoder().encode('{"eos_token_id": "</s>"}')
    const changed = await openModel(
      'changed',
      sources((name, bytes) => (name === 'generation_config.json' ? broken : bytes)),
      runTemplate,
    )
    await expect(readRequest({ prompt: 'Hi' }, changed)).rejects.toMatchObject({
      code: 'input/generation-config',
      message: expect.stringMatching(
        /generation_config.json: "eos_token_id" must be token ids from 0 to 4095/,
      ),
    })
    const mute = await openModel(
      'mute',
      sources((name, bytes) => (name.startsWith('tokenizer') ? null : bytes)),
      runTemplate,
    )
    await expect(readRequest({ prompt: 'Hi' }, mute)).rejects.toMatchObject({ code: 'input/no-tokenizer' })
  })

  it('continues a plain text in spite of a chat template that cannot be read', async () => {
    const broken = new TextEncoder().encode(
      '{"chat_template": "{% for %}", "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}',
    )
    const changed = await openModel(
      'changed',
      sources((name, bytes) => (name === 'tokenizer_config.json' ? broken : bytes)),
      runTemplate,
    )
    expect((await readRequest({ prompt: 'Hi' }, changed)).stopIds).toContain(0)
    await expect(readRequest({ prompt: 'Hi', chat: true }, changed)).rejects.toMatchObject({
      code: 'input/chat-template',
    })
  })
})
