import type { Tokenizer } from '../formats/tokenizer.ts'
import { type FinishReason, type GenerateOptions, generateTokens } from './generate-tokens.ts'
import { TextStream } from './text-stream.ts'

export interface GenerateTextOptions extends GenerateOptions {
  tokenizer: Tokenizer
  /** The text ends before the first of these. */
  stopStrings?: readonly string[]
}

export interface GeneratedToken {
  tokenId: number
  /** What the text grows by: empty while a character is not whole. */
  text: string
  /** Of the token under the model itself. */
  probability: number
}

export interface GeneratedText {
  text: string
  tokenIds: number[]
  finishReason: FinishReason
}

/** generateTokens with their text, which never breaks a character; returns the whole of it. */
export async function* generateText(
  options: GenerateTextOptions,
): AsyncGenerator<GeneratedToken, GeneratedText> {
  const { tokenizer, promptIds, stopStrings } = options
  const stream = new TextStream(tokenizer, promptIds, stopStrings)
  const tokenIds: number[] = []
  const tokens = generateTokens(options)
  let finishReason: FinishReason | null = null
  while (finishReason === null) {
    const next = await tokens.next()
    if (next.done) {
      finishReason = next.value
      break
    }
    const { tokenId, probability } = next.value
    tokenIds.push(tokenId)
    yield { tokenId, text: stream.push(tokenId), probability }
    if (stream.stopped) finishReason = 'stop'
  }
  stream.finish()
  return { text: stream.text, tokenIds, finishReason }
}
