import type { Tokenizer } from '../formats/tokenizer.ts'

/** Prompt tokens that the first new one is decoded behind: a space in front of it is then kept. */
const CONTEXT_TOKENS = 4
/** A character has at most four bytes, each at worst a token of its own; what is longer is no character. */
const LONGEST_CHARACTER = 4
const REPLACEMENT = '\ufffd'

/**
 * Text of tokens as they come. What is half a character, or the start of a stop string, is held back until more is
 * known. Special tokens have no text.
 */
export class TextStream {
  /** The text given out so far. */
  text = ''
  /** Whether a stop string has come: nothing more is given out. */
  stopped = false
  /** Decoded before, and needed to decode what follows. */
  private settled: number[]
  private pending: number[] = []
  /** Whole characters that may be the start of a stop string. */
  private held = ''

  constructor(
    private readonly tokenizer: Tokenizer,
    promptIds: readonly number[] = [],
    private readonly stopStrings: readonly string[] = [],
  ) {
    this.settled = promptIds.slice(-CONTEXT_TOKENS)
  }

  /** The text that this token completes; may be empty. */
  push(id: number): string {
    if (this.stopped) return ''
    this.pending.push(id)
    const fresh = this.decodePending()
    if (fresh.endsWith(REPLACEMENT) && this.pending.length < LONGEST_CHARACTER) return ''
    return this.settle(fresh)
  }

  /** What was held back; call when no token follows. */
  finish(): string {
    if (this.stopped) return ''
    const last = this.pending.length > 0 ? this.settle(this.decodePending()) : ''
    if (this.stopped) return last
    const rest = this.held
    this.held = ''
    this.text += rest
    return last + rest
  }

  private decodePending(): string {
    const before = this.tokenizer.decode(this.settled, { skipSpecial: true })
    const both = this.tokenizer.decode([...this.settled, ...this.pending], { skipSpecial: true })
    let shared = 0
    while (shared < before.length && before[shared] === both[shared]) shared++
    return both.slice(shared)
  }

  private settle(fresh: string): string {
    this.settled = this.pending
    this.pending = []
    this.held += fresh
    const stop = firstStop(this.held, this.stopStrings)
    if (stop !== null) this.stopped = true
    const keep = stop === null ? longestStart(this.held, this.stopStrings) : this.held.length - stop
    const piece = this.held.slice(0, this.held.length - keep)
    this.held = stop === null ? this.held.slice(piece.length) : ''
    this.text += piece
    return piece
  }
}

/** Where the earliest stop string begins. */
function firstStop(text: string, stops: readonly string[]): number | null {
  const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0)
  return places.length > 0 ? Math.min(...places) : null
}

/** Length of the longest end of the text with which a stop string begins. */
function longestStart(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length
    }
  }
  return longest
}
