import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers'
import { type ByteSource, readText } from '../util/byte-source.ts'
import type { StudioError } from '../util/errors.ts'
import { fileError } from './file-error.ts'
import { isJsonObject, type JsonObject } from './json.ts'

/**
 * Text to token ids and back, as a Hugging Face model folder describes it. Special tokens written in the text
 * (`<|end|>`) become their single id, as in the reference tokenizers; nothing is ever added around the text.
 */
export interface Tokenizer {
  /** Ids of the text alone: no BOS or EOS is added. */
  encode(text: string): number[]
  /** Ids that are no token are left out; bytes that are no whole character show as U+FFFD. */
  decode(ids: ArrayLike<number>, options?: { skipSpecial?: boolean }): string
  /** One token as text for display. Part of a character shows as U+FFFD; unlike decode, leading spaces stay. */
  decodeToken(id: number): string
  /** One more than the largest id. The model's embedding may have more rows, never fewer. */
  readonly vocabSize: number
  readonly bosId?: number
  readonly eosId?: number
  readonly padId?: number
  /** The reference tokenizer puts BOS before plain text. (Chat templates write it themselves.) */
  readonly addsBos: boolean
  readonly specialIds: ReadonlySet<number>
  /** Jinja source of the model's own chat template, if it has one. */
  readonly chatTemplate?: string
  /** The texts that chat templates refer to: bos_token, eos_token, … */
  readonly specialTokens: Readonly<Record<string, string>>
}

/** The files of a model folder that describe its tokenizer; only tokenizer.json is indispensable. */
export interface TokenizerFiles {
  tokenizer: ByteSource
  /** tokenizer_config.json */
  config?: ByteSource
  /** special_tokens_map.json, read for tokens that the config does not name. */
  specialTokensMap?: ByteSource
  /** chat_template.jinja; wins over the config's chat_template. */
  chatTemplate?: ByteSource
}

/** Finds the tokenizer's files among a model folder's. Throws `input/tokenizer` when tokenizer.json is missing. */
export function tokenizerFilesOf(sources: Iterable<ByteSource>): TokenizerFiles {
  const byName = new Map<string, ByteSource>()
  for (const source of sources) byName.set(source.name, source)
  const tokenizer = byName.get('tokenizer.json')
  if (!tokenizer) {
    throw fileError('tokenizer', [
      {
        message: `tokenizer.json is missing; found ${[...byName.keys()].join(', ') || 'no files'}`,
        fix: 'Add tokenizer.json of the same model (a "fast" tokenizer; tokenizer.model alone cannot be read).',
      },
    ])
  }
  return {
    tokenizer,
    config: byName.get('tokenizer_config.json'),
    specialTokensMap: byName.get('special_tokens_map.json'),
    chatTemplate: byName.get('chat_template.jinja'),
  }
}

/** Throws `input/tokenizer`, naming the file and the cause, when a file is broken or of a kind that is not known. */
export async function loadTokenizer(files: TokenizerFiles): Promise<Tokenizer> {
  const json = await readJsonObject(files.tokenizer)
  const config = files.config ? await readJsonObject(files.config) : {}
  const specialMap = files.specialTokensMap ? await readJsonObject(files.specialTokensMap) : {}
  const template = files.chatTemplate ? await readText(files.chatTemplate) : chatTemplateOf(config)
  checkTokenizerJson(files.tokenizer.name, json)
  let hf: HfTokenizer
  try {
    hf = new HfTokenizer(json, config)
    hf.encode('a')
  } catch (error) {
    throw broken(
      files.tokenizer.name,
      `cannot be used: ${messageOf(error)}`,
      'Take the file of the model again, whole.',
    )
  }
  return tokenizerOf(hf, { ...specialMap, ...withoutEmpty(config) }, template)
}

function tokenizerOf(hf: HfTokenizer, config: JsonObject, chatTemplate: string | undefined): Tokenizer {
  const added = hf.get_added_tokens_decoder()
  const specialIds = new Set<number>()
  for (const [id, token] of added) if (token.special) specialIds.add(id)

  const specialTokens: Record<string, string> = {}
  for (const [key, value] of Object.entries(config)) {
    if (!key.endsWith('_token')) continue
    const content = tokenContent(value)
    if (content !== undefined) specialTokens[key] = content
  }
  const idOf = (key: string) => {
    const content = specialTokens[key]
    return content === undefined ? undefined : hf.token_to_id(content)
  }
  const bosId = idOf('bos_token')
  const eosId = idOf('eos_token')
  const padId = idOf('pad_token')
  for (const id of [bosId, eosId, padId]) if (id !== undefined) specialIds.add(id)

  let vocabSize = 0
  for (const id of hf.get_vocab(true).values()) vocabSize = Math.max(vocabSize, id + 1)

  const encode = (text: string) => hf.encode(text, { add_special_tokens: false }).ids
  // The decoder of sentencepiece-like tokenizers strips the space before the first word, which a single token must
  // keep; after a token in front of it nothing is stripped.
  const anchor = encode('a').at(-1)
  const anchorText = anchor === undefined ? '' : hf.decode([anchor], DECODE)

  const plainStart = encode('a')[0]
  const specialStart = hf.encode('a').ids[0]
  const addsBos =
    bosId !== undefined && ((specialStart === bosId && plainStart !== bosId) || config.add_bos_token === true)

  return {
    encode,
    decode(ids, options) {
      const kept: number[] = []
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i]
        if (hf.id_to_token(id) === undefined || (options?.skipSpecial && specialIds.has(id))) continue
        kept.push(id)
      }
      return kept.length === 0 ? '' : hf.decode(kept, DECODE)
    },
    decodeToken(id) {
      const token = hf.id_to_token(id)
      if (token === undefined) return ''
      if (added.has(id)) return token
      if (anchor === undefined) return hf.decode([id], DECODE)
      const both = hf.decode([anchor, id], DECODE)
      return both.startsWith(anchorText) ? both.slice(anchorText.length) : hf.decode([id], DECODE)
    },
    vocabSize: Math.max(vocabSize, ...[...added.keys()].map((id) => id + 1)),
    bosId,
    eosId,
    padId,
    addsBos,
    specialIds,
    chatTemplate,
    specialTokens,
  }
}

// Removing spaces before punctuation is a display habit of old BERT-era configs; round trips matter more here.
const DECODE = { skip_special_tokens: false, clean_up_tokenization_spaces: false }

const MODEL_TYPES = ['BPE', 'WordPiece', 'Unigram']

function checkTokenizerJson(file: string, json: JsonObject): void {
  const model = json.model
  if (!isJsonObject(model)) {
    throw broken(
      file,
      'has no "model" object',
      'This is not a tokenizer.json of the Hugging Face tokenizers library; take the file of the model again.',
    )
  }
  // Old files leave the type out; the reference library then tells BPE by its merges.
  if (model.type !== undefined && !MODEL_TYPES.includes(String(model.type))) {
    throw broken(
      file,
      `has a model of type ${JSON.stringify(model.type)}; understood: ${MODEL_TYPES.join(', ')}`,
      'Use a model with one of these tokenizers.',
    )
  }
  const vocab = model.vocab
  const vocabEntries = Array.isArray(vocab)
    ? vocab.length
    : isJsonObject(vocab)
      ? Object.keys(vocab).length
      : -1
  if (vocabEntries <= 0)
    throw broken(file, '"model.vocab" is missing or empty', 'Take the file of the model again, whole.')
  if (isJsonObject(vocab)) {
    for (const [token, id] of Object.entries(vocab)) {
      if (!Number.isInteger(id) || (id as number) < 0) {
        throw broken(
          file,
          `gives the token ${JSON.stringify(token)} the id ${JSON.stringify(id)}, not a whole number`,
          'Take the file of the model again.',
        )
      }
    }
  }
  if (model.type === 'BPE' && !Array.isArray(model.merges)) {
    throw broken(
      file,
      'is a BPE tokenizer without "model.merges"',
      'Take the file of the model again, whole.',
    )
  }
  if (json.added_tokens === undefined) json.added_tokens = []
  if (!Array.isArray(json.added_tokens))
    throw broken(file, '"added_tokens" is not a list', 'Take the file of the model again.')
  for (const key of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder']) json[key] ??= null
}

async function readJsonObject(source: ByteSource): Promise<JsonObject> {
  let value: unknown
  const text = await readText(source)
  try {
    value = JSON.parse(text)
  } catch (error) {
    const cause = text.trim() === '' ? 'is empty' : `is not JSON: ${messageOf(error)}`
    throw broken(source.name, cause, 'The file may be cut off or edited: take it from the model again.')
  }
  if (!isJsonObject(value))
    throw broken(source.name, 'is JSON but not an object', 'Take the file of the model again.')
  return value
}

/** Older configs keep several named templates; the one for plain chat is called default. */
function chatTemplateOf(config: JsonObject): string | undefined {
  const value = config.chat_template
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return undefined
  const named = value.filter(isJsonObject)
  const chosen = named.find((entry) => entry.name === 'default') ?? named[0]
  return typeof chosen?.template === 'string' ? chosen.template : undefined
}

/** A special token is written as its text, or as an object with its text as `content`. */
function tokenContent(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return isJsonObject(value) && typeof value.content === 'string' ? value.content : undefined
}

const withoutEmpty = (config: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && value !== undefined))

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

function broken(file: string, cause: string, fix: string): StudioError {
  return fileError('tokenizer', [{ message: `${file} ${cause}`, fix }])
}
