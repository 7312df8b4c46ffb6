import type { RunPhase } from '../../src/session/events.ts'
import type { FileReference } from '../../src/session/files.ts'
import type { GenerateResult } from '../../src/session/generate-request.ts'
import type { ErrorData } from '../../src/util/errors.ts'

/** A column: the base alone, the current run's model, or an adapter from files. */
export type Speaker = 'base' | 'run' | 'adapter'

export type PromptMode = 'chat' | 'plain'

export interface SpeechSettings {
  temperature: number
  topP: number
  topK: number
  seed: number
  maxNewTokens: number
  /** One stop string a line. */
  stop: string
  /** How much of an adapter is heard; 1 as trained. */
  strength: number
}

export interface SpokenToken {
  tokenId: number
  text: string
  probability: number
}

export interface Answer {
  /** `waiting` until the model reads, `reading` until its first token. */
  status: 'waiting' | 'reading' | 'speaking' | 'done' | 'stopped' | 'failed'
  /** Tells an answer from the one before it to the same question. */
  attempt: number
  /** While kernels are compiled or a base is loaded for it. */
  loading: { phase: RunPhase; done: number; total: number } | null
  /** What the column was when it was asked: a run goes on, an adapter is exchanged. */
  label: SpeakerLabel
  tokens: readonly SpokenToken[]
  result: GenerateResult | null
  error: ErrorData | null
}

export interface SpeakerLabel {
  speaker: Speaker
  /** The adapter's folder. */
  name: string | null
  /** The run's step. */
  step: number | null
  paused: boolean
  strength: number
}

/** A question and what each column says to it. */
export interface Turn {
  id: number
  mode: PromptMode
  text: string
  /** Whether it went on with the turns before it. */
  remembers: boolean
  /** What the dataset answers, where the question comes from it. */
  expected: string | null
  answers: Partial<Record<Speaker, Answer>>
}

export interface PlaygroundState {
  mode: PromptMode
  draft: string
  settings: SpeechSettings
  remembers: boolean
  adapter: { name: string; files: FileReference[] } | null
  /** Latest first. */
  turns: readonly Turn[]
  /** Whether a text is under way. */
  speaking: boolean
}

export const initialPlayground: PlaygroundState = {
  mode: 'chat',
  draft: '',
  settings: { temperature: 0, topP: 1, topK: 0, seed: 1, maxNewTokens: 128, stop: '', strength: 1 },
  remembers: false,
  adapter: null,
  turns: [],
  speaking: false,
}
