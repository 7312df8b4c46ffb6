import type { RunConfig } from '../config/schema.ts'
import { type ChatMessage, textPromptIds } from '../data/chat-template.ts'
import { GENERATION_CONFIG_FILE, generationEosIds } from '../formats/generation-config.ts'
import type { Tokenizer } from '../formats/tokenizer.ts'
import type { FinishReason } from '../generate/generate-tokens.ts'
import type { Sampling } from '../generate/sampler.ts'
import { readText } from '../util/byte-source.ts'
import { inputError, type Problem } from '../util/errors.ts'
import type { FileReference } from './files.ts'
import { noTokenizer, type OpenedModel } from './open-model.ts'

/** What to say, to whom, and how the words are chosen. */
export interface GenerateArgs {
  /** A conversation, written with the model's chat template. Either this or `prompt`. */
  messages?: ChatMessage[]
  /** A text to continue as it stands; with `chat`, the one message of a conversation. */
  prompt?: string
  chat?: boolean
  /** 256 when left out. */
  maxNewTokens?: number
  /** 0, the most likely token every time, when left out. */
  temperature?: number
  /** 0 (all tokens) when left out. */
  topK?: number
  /** 1 (all tokens) when left out. */
  topP?: number
  seed?: number
  /** The text ends before the first of these. */
  stop?: string[]
  /** A PEFT adapter's files, or the adapter of the current run as it stands; the base alone when left out. */
  adapter?: FileReference[] | 'run'
  /** How much of the adapter is heard: 1, as it was trained, when left out; 0 is the base alone. */
  strength?: number
  /** Decides how the base is stored; the current run's when left out, or the defaults. */
  config?: RunConfig
}

export interface GenerateResult {
  text: string
  /** Without the token that ended the text. */
  tokenIds: number[]
  finishReason: FinishReason
  /** Exactly what the model was given. */
  prompt: string
  promptTokens: number
  /** New tokens a second, from the prompt's end on. */
  tokensPerSecond: number
  /** Prompt tokens a second, up to the first new token. */
  promptTokensPerSecond: number
}

/** A request that has been checked. */
export interface GenerateRequest {
  promptIds: number[]
  prompt: string
  sampling: Sampling
  maxNewTokens: number
  stopIds: ReadonlySet<number>
  stopStrings: readonly string[]
  tokenizer: Tokenizer
}

const DEFAULT_NEW_TOKENS = 256
const MAX_STRENGTH = 10

/** @throws input/generate with every problem, input/no-tokenizer, input/chat-template, input/generation-config */
export async function readRequest(args: GenerateArgs, model: OpenedModel): Promise<GenerateRequest> {
  const { tokenizer } = model
  if (!tokenizer) throw noTokenizer()
  const {
    temperature = 0,
    topK = 0,
    topP = 1,
    seed = 0,
    maxNewTokens = DEFAULT_NEW_TOKENS,
    stop = [],
    strength = 1,
  } = args
  const problems: Problem[] = []
  const check = (path: string, isGood: boolean, expected: string, found: unknown) => {
    if (!isGood)
      problems.push({
        path,
        message: `${path} must be ${expected}, found ${JSON.stringify(found)}`,
        fix: `Give ${expected}.`,
      })
  }
  check(
    'temperature',
    Number.isFinite(temperature) && temperature >= 0 && temperature <= 100,
    'a number from 0 to 100',
    temperature,
  )
  check('topK', Number.isInteger(topK) && topK >= 0, 'a whole number of at least 0', topK)
  check('topP', topP > 0 && topP <= 1, 'above 0 and at most 1', topP)
  check(
    'seed',
    Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff,
    'a whole number from 0 to 4294967295',
    seed,
  )
  check(
    'maxNewTokens',
    Number.isInteger(maxNewTokens) && maxNewTokens >= 1,
    'a whole number of at least 1',
    maxNewTokens,
  )
  check('strength', strength >= 0 && strength <= MAX_STRENGTH, `a number from 0 to ${MAX_STRENGTH}`, strength)
  check(
    'stop',
    stop.every((text) => text !== ''),
    'texts that are not empty',
    stop,
  )
  if ((args.messages === undefined) === (args.prompt === undefined)) {
    problems.push({
      path: 'prompt',
      message: 'A request has either messages or a prompt',
      fix: 'Give one of the two.',
    })
  }
  if (problems.length > 0) throw inputError('generate', problems)

  const promptIds = await promptIdsOf(args, model, tokenizer)
  const contextLength = model.checkpoint.config.maxPositionEmbeddings
  if (promptIds.length === 0 || promptIds.length > contextLength) {
    const message =
      promptIds.length === 0
        ? 'The prompt is empty, and this model has no token that begins a text'
        : `The prompt has ${promptIds.length} tokens, the model remembers ${contextLength}`
    throw inputError('generate', [
      {
        path: 'prompt',
        message,
        fix: promptIds.length === 0 ? 'Write at least one character.' : 'Shorten it.',
      },
    ])
  }
  return {
    promptIds,
    prompt: tokenizer.decode(promptIds),
    sampling: { temperature, topK, topP, seed },
    maxNewTokens,
    stopIds: await stopIdsOf(model, tokenizer),
    stopStrings: stop,
    tokenizer,
  }
}

async function promptIdsOf(
  { messages, prompt, chat }: GenerateArgs,
  { chatTemplate }: OpenedModel,
  tokenizer: Tokenizer,
): Promise<number[]> {
  const conversation = messages ?? (chat ? [{ role: 'user', content: prompt ?? '' }] : null)
  if (!conversation) return textPromptIds(tokenizer, prompt ?? '')
  return (await chatTemplate()).promptIds(conversation)
}

/** Ends of a text or of a turn, whoever names them: the tokenizer, its template, or the model's configs. */
async function stopIdsOf(
  { checkpoint, files, chatTemplate }: OpenedModel,
  tokenizer: Tokenizer,
): Promise<ReadonlySet<number>> {
  const { config } = checkpoint
  const generationConfig = files.find(({ name }) => name === GENERATION_CONFIG_FILE)
  const ids = new Set(config.eosTokenIds)
  if (tokenizer.eosId !== undefined) ids.add(tokenizer.eosId)
  // A template that cannot be used ends no plain text; a chat is refused with its fault.
  const template = await chatTemplate().catch(() => null)
  for (const id of template?.stopIds ?? []) ids.add(id)
  if (generationConfig)
    for (const id of generationEosIds(await readText(generationConfig), config.vocabSize)) ids.add(id)
  return ids
}
