import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { memorySource } from '../util/byte-source.ts'
import { StudioError } from '../util/errors.ts'
import { loadTokenizer, type Tokenizer, tokenizerFilesOf } from './tokenizer.ts'

const FOLDER = new URL('../../public/models/studio-tiny-3m/', import.meta.url)
const bytesOf = async (name: string) => new Uint8Array(await readFile(new URL(name, FOLDER)))
const source = (name: string, text: string) => memorySource(name, new TextEncoder().encode(text))

async function problemOf(promise: Promise<unknown>): Promise<StudioError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StudioError)
  return error as StudioError
}

describe('the embedded model’s tokenizer', () => {
  let tokenizer: Tokenizer
  let json: Record<string, unknown>
  beforeAll(async () => {
    const tokenizerBytes = await bytesOf('tokenizer.json')
    json = JSON.parse(new TextDecoder().decode(tokenizerBytes))
    tokenizer = await loadTokenizer({
      tokenizer: memorySource('tokenizer.json', tokenizerBytes),
      config: memorySource('tokenizer_config.json', await bytesOf('tokenizer_config.json')),
    })
  })

  it('knows its special tokens and adds none by itself', () => {
    expect(tokenizer.vocabSize).toBe(4096)
    expect([tokenizer.bosId, tokenizer.eosId, tokenizer.padId]).toEqual([0, 0, 1])
    expect([...tokenizer.specialIds].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
    expect(tokenizer.addsBos).toBe(false)
    expect(tokenizer.encode('<|user|>Hi<|end|>').filter((id) => id < 5)).toEqual([2, 4])
  })

  it('round-trips text of any script, byte by byte where it must', () => {
    for (const text of ['Define "otter" (n.).', ' two  spaces ', 'héllo 🦦 日本\n\n\ttab', 'x ? y !']) {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
    }
    expect(tokenizer.decode(tokenizer.encode('<|user|>Hi<|end|>'), { skipSpecial: true })).toBe('Hi')
    expect(tokenizer.decode([])).toBe('')
    expect(tokenizer.decode([4096, 99999])).toBe('')
  })

  it('shows single tokens with their spaces', () => {
    const ids = tokenizer.encode('Define "otter"')
    expect(ids.map((id) => tokenizer.decodeToken(id)).join('')).toBe('Define "otter"')
    expect(tokenizer.decodeToken(4)).toBe('<|end|>')
    expect(tokenizer.decodeToken(5000)).toBe('')
  })

  const broken = (change: (copy: Record<string, unknown>) => void) => {
    const copy = structuredClone(json)
    change(copy)
    return JSON.stringify(copy)
  }

  it.each([
    ['cut off', () => JSON.stringify(json).slice(0, 5000), /tokenizer\.json is not JSON/],
    ['empty', () => '', /tokenizer\.json is empty/],
    ['a list', () => '[]', /not an object/],
    ['another file', () => '{"hidden_size": 4}', /no "model" object/],
    [
      'an unknown model',
      () => broken((copy) => Object.assign(copy.model as object, { type: 'Foo' })),
      /type "Foo"/,
    ],
    ['no vocabulary', () => broken((copy) => Object.assign(copy.model as object, { vocab: {} })), /vocab/],
    [
      'ids that are text',
      () => broken((copy) => Object.assign(copy.model as object, { vocab: { a: 'b' } })),
      /id "b"/,
    ],
    [
      'no merges',
      () => broken((copy) => Object.assign(copy.model as object, { merges: undefined })),
      /merges/,
    ],
    [
      'an unknown pre-tokenizer',
      () => broken((copy) => Object.assign(copy, { pre_tokenizer: { type: 'Foo' } })),
      /Foo/,
    ],
    [
      'added tokens of no form',
      () => broken((copy) => Object.assign(copy, { added_tokens: [null] })),
      /tokenizer\.json/,
    ],
    [
      'added tokens that are no list',
      () => broken((copy) => Object.assign(copy, { added_tokens: 3 })),
      /added_tokens/,
    ],
  ])('refuses a tokenizer.json that is %s', async (_what, text, message) => {
    const error = await problemOf(loadTokenizer({ tokenizer: source('tokenizer.json', text()) }))
    expect(error.code).toBe('input/tokenizer')
    expect(error.message).toMatch(message)
    expect(error.hint).toBeTruthy()
  })

  it('names tokenizer_config.json when that one is broken', async () => {
    const files = {
      tokenizer: source('tokenizer.json', JSON.stringify(json)),
      config: source('tokenizer_config.json', '{'),
    }
    expect((await problemOf(loadTokenizer(files))).message).toMatch(/^tokenizer_config\.json is not JSON/)
  })

  it('reads special tokens and templates from wherever they stand', async () => {
    const loaded = await loadTokenizer({
      tokenizer: source('tokenizer.json', JSON.stringify(json)),
      config: source(
        'tokenizer_config.json',
        JSON.stringify({
          chat_template: [
            { name: 'tool_use', template: 'T' },
            { name: 'default', template: 'D' },
          ],
          eos_token: { content: '<|end|>' },
        }),
      ),
      specialTokensMap: source(
        'special_tokens_map.json',
        JSON.stringify({ bos_token: '<|endoftext|>', eos_token: '<|pad|>' }),
      ),
    })
    expect([loaded.bosId, loaded.eosId, loaded.chatTemplate]).toEqual([0, 4, 'D'])
    const withFile = await loadTokenizer({
      tokenizer: source('tokenizer.json', JSON.stringify(json)),
      chatTemplate: source('chat_template.jinja', 'J'),
    })
    expect([withFile.chatTemplate, withFile.eosId]).toEqual(['J', undefined])
  })
})

describe('tokenizerFilesOf', () => {
  it('says what it found when tokenizer.json is missing', () => {
    expect(() => tokenizerFilesOf([source('tokenizer.model', 'x')])).toThrow(
      /tokenizer\.json is missing; found tokenizer\.model/,
    )
  })
})

/** A sentencepiece-like tokenizer as Llama's: a space is ▁, the first one is added by the normalizer, bytes fall back. */
describe('a sentencepiece-like tokenizer', () => {
  const vocab: Record<string, number> = { '<unk>': 0, '<s>': 1, '</s>': 2 }
  for (let byte = 0; byte < 256; byte++)
    vocab[`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`] = 3 + byte
  for (const piece of ['▁', 'a', 'b', '▁a', '▁b', 'ab']) vocab[piece] = Object.keys(vocab).length
  const text = JSON.stringify({
    added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({
      id,
      content,
      special: true,
      normalized: false,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab,
      merges: ['▁ a', '▁ b', 'a b'],
    },
  })

  it('adds no BOS in encode, says that the reference does, and keeps spaces of single tokens', async () => {
    const tokenizer = await loadTokenizer({
      tokenizer: source('tokenizer.json', text),
      config: source('tokenizer_config.json', '{"bos_token": "<s>", "eos_token": "</s>"}'),
    })
    const ids = tokenizer.encode('a b 🦦')
    expect(ids).not.toContain(1)
    expect(tokenizer.addsBos).toBe(true)
    expect(tokenizer.decode(ids)).toBe('a b 🦦')
    expect(ids.slice(0, 2).map((id) => tokenizer.decodeToken(id))).toEqual([' a', ' b'])
  })
})
