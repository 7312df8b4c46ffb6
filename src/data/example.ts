import type { Tokenizer } from '../formats/tokenizer.ts'
import { type ChatMessage, documentBos, templatedIds } from './chat-template.ts'
import { IGNORE_INDEX, type RowContent } from './row-shapes.ts'
import type { Sequence } from './sequence.ts'
import type { WrittenAnswer } from './written-answers.ts'

/** A row as it is trained: tokens with labels, cut to maxSeqLength. */
export interface Example extends Sequence {
  /** 0-based dataset row. One row makes several examples where its template rewrites earlier turns. */
  row: number
  /** Indices of the tokens that end an answer (end-of-turn or EOS). */
  endOfTurn: number[]
  /** Number of tokens before it was cut, equal to inputIds.length when it was not. */
  fullLength: number
}

export interface ExampleOptions {
  maxSeqLength: number
  /** 'completion' learns the answers (and all of plain text), 'all' the prompts too. */
  trainOn: 'completion' | 'all'
}

interface Draft {
  ids: number[]
  labels: number[]
  endOfTurn: number[]
}

/** Examples of a conversation, from what its chat template writes around every answer. */
export function chatExamples(
  row: number,
  messages: readonly ChatMessage[],
  answers: readonly WrittenAnswer[],
  tokenizer: Tokenizer,
  options: ExampleOptions,
): Example[] {
  const drafts: Draft[] = []
  let draft: Draft | undefined
  let textSoFar = ''

  for (const answer of answers) {
    const promptIds = templatedIds(tokenizer, answer.prompt)
    const between = draft && continuation(draft.ids, textSoFar, promptIds, answer.prompt, tokenizer)
    if (draft && between) appendMasked(draft, between)
    else {
      draft = { ids: [], labels: [], endOfTurn: [] }
      appendMasked(draft, promptIds)
      drafts.push(draft)
    }

    const wholeIds = templatedIds(tokenizer, answer.whole)
    const completion: number[] = startsWith(wholeIds, draft.ids)
      ? wholeIds.slice(draft.ids.length)
      : tokenizer.encode(completionText(answer, messages[answer.index].content))
    appendCompletion(draft, completion, tokenizer, answer === answers.at(-1))
    textSoFar = answer.whole
  }

  for (const each of drafts) dropTail(each)
  return drafts.map((each) => finish(row, each, options))
}

/**
 * Examples of plain text: all tokens are learned, one EOS ends it, BOS stands first where the model's documents have
 * one. `blocks` cuts the text into maxSeqLength tokens (each with its BOS) instead of dropping what is beyond;
 * the block's number is then its row.
 */
export function textExamples(
  row: number,
  text: string,
  tokenizer: Tokenizer,
  options: ExampleOptions,
  blocks = false,
): Example[] {
  return textIdExamples(row, tokenizer.encode(text), tokenizer, options, blocks)
}

export function textIdExamples(
  row: number,
  encoded: number[],
  tokenizer: Tokenizer,
  options: ExampleOptions,
  blocks: boolean,
): Example[] {
  const bos = documentBos(tokenizer)
  const { eosId } = tokenizer
  const body = bos !== undefined && encoded[0] === bos ? encoded.slice(1) : encoded
  while (eosId !== undefined && body.at(-1) === eosId) body.pop()
  if (eosId !== undefined) body.push(eosId)

  const start = bos === undefined ? [] : [bos]
  const room = options.maxSeqLength - start.length
  const examples: Example[] = []
  const all = blocks ? cutIntoBlocks(body, room, start.length) : [body]
  all.forEach((ids, block) => {
    const whole = [...start, ...ids]
    const endOfTurn = eosId !== undefined && block === all.length - 1 ? [whole.length - 1] : []
    const draft: Draft = { ids: whole, labels: [...whole], endOfTurn }
    examples.push(finish(blocks ? block : row, draft, { ...options, trainOn: 'completion' }))
  })
  return examples
}

/** Token rows are used as they are: no template, no truncation. */
export function tokenExample(row: number, content: Extract<RowContent, { kind: 'tokens' }>): Example {
  const { inputIds, labels, positionIds, segmentIds } = content
  return {
    row,
    rows: [row],
    inputIds: Uint32Array.from(inputIds),
    labels: Int32Array.from(labels ?? inputIds),
    positionIds: positionIds && Uint32Array.from(positionIds),
    segmentIds: segmentIds && Uint32Array.from(segmentIds),
    endOfTurn: [],
    fullLength: inputIds.length,
  }
}

/** The ids of what stands between an answer and the next one, or undefined when the template rewrote what came before. */
function continuation(
  ids: number[],
  text: string,
  promptIds: number[],
  promptText: string,
  tokenizer: Tokenizer,
): number[] | undefined {
  if (startsWith(promptIds, ids)) return promptIds.slice(ids.length)
  return promptText.startsWith(text) ? tokenizer.encode(promptText.slice(text.length)) : undefined
}

/** The answer as the template writes it, with its end of turn, when the prompt's tokens are no beginning of the whole. */
function completionText({ prompt, whole, before }: WrittenAnswer, content: string): string {
  if (before === null) return whole.slice(prompt.length)
  // The answer is opened for generation alone: take it from its own first character on.
  const own = content.trim()
  const from = whole.startsWith(before) ? whole.indexOf(own, before.length) : whole.lastIndexOf(own)
  return from < 0 ? own : whole.slice(from)
}

function appendMasked(draft: Draft, ids: readonly number[]): void {
  for (const id of ids) {
    draft.ids.push(id)
    draft.labels.push(IGNORE_INDEX)
  }
}

/**
 * Learns the answer up to and with its end of turn. What the template writes after it (ChatML's newline) is never
 * generated, so it stays masked. A template that ends no turn gets EOS after the last answer.
 */
function appendCompletion(
  draft: Draft,
  completion: readonly number[],
  tokenizer: Tokenizer,
  isLast: boolean,
): void {
  const { specialIds, eosId } = tokenizer
  let end = completion.length - 1
  while (end >= 0 && !specialIds.has(completion[end])) end--
  const hasEnd = end >= 0 && tokenizer.decode(completion.slice(end + 1)).trim() === ''
  if (!hasEnd) {
    for (const id of completion) push(draft, id)
    if (isLast && eosId !== undefined) {
      push(draft, eosId)
      draft.endOfTurn.push(draft.ids.length - 1)
    }
    return
  }
  // An answer that already carried the end of turn must not have it twice.
  let first = end
  while (first > 0 && completion[first - 1] === completion[end]) first--
  for (const id of completion.slice(0, first + 1)) push(draft, id)
  draft.endOfTurn.push(draft.ids.length - 1)
  appendMasked(draft, completion.slice(end + 1))
}

function push(draft: Draft, id: number): void {
  draft.ids.push(id)
  draft.labels.push(id)
}

/** Nothing after the last end of turn can be learned. */
function dropTail(draft: Draft): void {
  const end = draft.endOfTurn.at(-1)
  if (end === undefined) return
  draft.ids.length = end + 1
  draft.labels.length = end + 1
}

function finish(row: number, draft: Draft, { maxSeqLength, trainOn }: ExampleOptions): Example {
  const ids = draft.ids.slice(0, maxSeqLength)
  return {
    row,
    rows: [row],
    inputIds: Uint32Array.from(ids),
    labels: Int32Array.from(trainOn === 'all' ? ids : draft.labels.slice(0, maxSeqLength)),
    endOfTurn: draft.endOfTurn.filter((index) => index < maxSeqLength),
    fullLength: draft.ids.length,
  }
}

/** Blocks of `room` ids. With no BOS a last block of one id would have nothing to learn: the one before gives it one. */
function cutIntoBlocks(ids: number[], room: number, startLength: number): number[][] {
  const blocks: number[][] = []
  for (let start = 0; start < ids.length; start += room) blocks.push(ids.slice(start, start + room))
  const last = blocks.at(-1)
  const before = blocks.at(-2)
  if (last && before && last.length + startLength < 2 && before.length > 2)
    last.unshift(before.pop() as number)
  return blocks
}

function startsWith(ids: readonly number[], start: readonly number[]): boolean {
  if (ids.length < start.length) return false
  for (let i = 0; i < start.length; i++) if (ids[i] !== start[i]) return false
  return true
}
