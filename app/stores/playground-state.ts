import type { RunPhase } from '../../src/session/events.ts'
import type { FileReference } from '../../src/session/files.ts'
import type { GenerateResult } from '../../src/session/generate-request.ts'
import type { ErrorData } from '../../src/util/errors.ts'

/** A column: the base alone, the current run's model, or one of the adapters that were opened. */
export type Speaker = 'base' | 'run' | `adapter ${number}`

/** An adapter beside the current run's: from files, of a run in the history, or kept of the current run at a step. */
export interface OpenedAdapter {
  speaker: Speaker
  source: 'files' | 'earlier' | 'checkpoint'
  /** The folder's or the run's; null where the step says it all. */
  name: string | null
  /** Of the run that it is of; null for files. */
  runId: string | null
  step: number | null
  files: FileReference[]
}

/** What the current run had learned at a step. */
export interface KeptStep {
  runId: string
  step: number
  files: FileReference[]
}

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
  /** What it is; tells what the name and the step are of. */
  source: 'base' | 'run' | OpenedAdapter['source']
  /** The adapter's folder or run. */
  name: string | null
  /** The run's step, then or when the adapter was kept. */
  step: number | null
  paused: boolean
  /** Whether it is an earlier step of the run that goes on. */
  isKept: boolean
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

/** What the columns of a turn say: base first, then the run, then adapters as they were opened. */
export const answersOf = ({ answers }: Turn): Answer[] =>
  Object.values(answers)
    .filter((answer) => answer !== undefined)
    .sort((one, other) => placeOf(one.label.speaker) - placeOf(other.label.speaker))

const placeOf = (speaker: Speaker): number =>
  speaker === 'base' ? 0 : speaker === 'run' ? 1 : 1 + Number(speaker.slice('adapter '.length))

export interface PlaygroundState {
  mode: PromptMode
  draft: string
  settings: SpeechSettings
  remembers: boolean
  /** Columns that are left out of the next question; never all of them. */
  hidden: readonly Speaker[]
  adapters: readonly OpenedAdapter[]
  /** Steps that runs have kept on their way, in order of step. */
  kept: readonly KeptStep[]
  /** The kept step that the run's column speaks as; null as it stands. */
  heardStep: number | null
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
  hidden: [],
  adapters: [],
  kept: [],
  heardStep: null,
  turns: [],
  speaking: false,
}
