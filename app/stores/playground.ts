import { createStore } from 'zustand/vanilla'
import type { CommandArgs } from '../../src/session/engine.ts'
import type { RunEvent } from '../../src/session/events.ts'
import type { FileReference } from '../../src/session/files.ts'
import { errorToData } from '../../src/util/errors.ts'
import { keptAdapter } from '../features/playground/adapter-files.ts'
import { batchEvents } from './event-batch.ts'
import { keepStepsOf } from './kept-steps.ts'
import {
  type Answer,
  initialPlayground,
  type KeptStep,
  type OpenedAdapter,
  type PlaygroundState,
  type PromptMode,
  type Speaker,
  type SpeakerLabel,
  type SpeechSettings,
  type Turn,
} from './playground-state.ts'
import type { RunState } from './run.ts'
import { expectedAnswer } from './starters.ts'
import type { ModelState } from './state.ts'
import type { StudioParts } from './studio.ts'

/** Words appear at most this often; a fast model says hundreds of tokens a second. */
const STREAM_INTERVAL_MS = 50

/** Sliding asks again this long after the last move. */
const SLIDE_DELAY_MS = 200

const KEPT_TURNS = 20

/** Why nothing can be asked just now; null when it can. */
export type PlaygroundObstacle =
  | 'opening'
  | 'noModel'
  | 'noTokenizer'
  | 'noTemplate'
  | 'starting'
  | 'training'
  | 'stopping'
  | 'recovering'

export function playgroundObstacle(
  { status, summary }: ModelState,
  run: RunState,
  mode: PromptMode,
): PlaygroundObstacle | null {
  if (status === 'opening') return 'opening'
  if (!summary) return 'noModel'
  if (!summary.tokenizer) return 'noTokenizer'
  if (run.status === 'starting' || (run.status === 'running' && run.step === 0)) return 'starting'
  if (run.status === 'running') return 'training'
  if (run.status === 'stopping') return 'stopping'
  if (run.status === 'recovering') return 'recovering'
  return mode === 'chat' && summary.tokenizer.chatTemplate === 'unusable' ? 'noTemplate' : null
}

/** More columns than these and two do not fit beside one another. */
export const MOST_ADAPTERS = 4

/** The columns there are: a run's model is there as soon as it has learned something. */
export function speakersOf(run: RunState, { adapters }: Pick<PlaygroundState, 'adapters'>): Speaker[] {
  const hasRun = run.status !== 'idle' && run.step > 0
  return ['base', ...(hasRun ? (['run'] as const) : []), ...adapters.map(({ speaker }) => speaker)]
}

/** Those that answer: without the ones left out, unless nobody would remain. */
export function columnsOf(run: RunState, state: Pick<PlaygroundState, 'adapters' | 'hidden'>): Speaker[] {
  const all = speakersOf(run, state)
  const shown = all.filter((speaker) => !state.hidden.includes(speaker))
  return shown.length > 0 ? shown : all
}

/** The steps that the run's column can speak as, in order; the last is the run as it stands. */
export function stepsToHear(
  { runId, step }: Pick<RunState, 'runId' | 'step'>,
  { kept }: Pick<PlaygroundState, 'kept'>,
): number[] {
  const earlier = kept.filter((each) => each.runId === runId && each.step < step)
  return step > 0 ? [...earlier.map((each) => each.step), step] : []
}

/** The earlier step that the run's column speaks as; undefined: it speaks as it stands. */
function heardOf(run: RunState, { kept, heardStep }: PlaygroundState): KeptStep | undefined {
  return kept.find(({ runId, step }) => runId === run.runId && step === heardStep && heardStep < run.step)
}

/** Asking models and comparing what they say. Texts take their turn after what is being prepared. */
export function createPlayground({
  engine,
  stores,
  preparation,
}: Pick<StudioParts, 'engine' | 'stores' | 'preparation'>) {
  const store = createStore<PlaygroundState>(() => initialPlayground)
  let nextTurn = 1
  let nextAdapter = 1
  let attempts = 0
  let talk: AbortController | null = null
  /** Columns that a slide has changed since they spoke. */
  let slid: readonly Speaker[] = []
  let slideTimer: ReturnType<typeof setTimeout> | undefined

  /** Changes an answer, unless another attempt has taken its place. */
  const setAnswer = (turnId: number, speaker: Speaker, attempt: number, change: (answer: Answer) => Answer) =>
    store.setState(({ turns }) => ({
      turns: turns.map((turn) => {
        const answer = turn.id === turnId ? turn.answers[speaker] : undefined
        if (answer?.attempt !== attempt) return turn
        return { ...turn, answers: { ...turn.answers, [speaker]: change(answer) } }
      }),
    }))

  function obstacle(mode = store.getState().mode): PlaygroundObstacle | null {
    return playgroundObstacle(stores.model.getState(), stores.run.getState(), mode)
  }

  function stop() {
    clearTimeout(slideTimer)
    slid = []
    talk?.abort()
    talk = null
  }

  /** Who a column is at this moment. */
  function labelOf(speaker: Speaker): SpeakerLabel {
    const { adapters, settings } = store.getState()
    const run = stores.run.getState()
    const adapter = adapters.find((opened) => opened.speaker === speaker)
    const heard = speaker === 'run' ? heardOf(run, store.getState()) : undefined
    return {
      speaker,
      source: adapter?.source ?? (speaker === 'run' ? 'run' : 'base'),
      name: adapter?.name ?? null,
      step: speaker === 'run' ? (heard?.step ?? run.step) : (adapter?.step ?? null),
      paused: speaker === 'run' && !heard && run.status === 'paused',
      isKept: heard !== undefined,
      strength: speaker === 'base' ? 1 : settings.strength,
    }
  }

  /** Lets the columns answer a turn, one after the other, in place of what they said before. */
  function speak(turn: Turn, speakers: readonly Speaker[]) {
    stop()
    const abort = new AbortController()
    talk = abort
    const attempt = ++attempts
    const { settings, adapters } = store.getState()
    const heard = heardOf(stores.run.getState(), store.getState())
    const answers = { ...turn.answers }
    for (const speaker of speakers) answers[speaker] = freshAnswer(labelOf(speaker), attempt)
    store.setState(({ turns }) => ({
      speaking: true,
      turns: turns.map((other) => (other.id === turn.id ? { ...other, answers } : other)),
    }))
    void preparation.afterwards(async () => {
      for (const speaker of speakers) {
        const { files } =
          speaker === 'run' ? (heard ?? {}) : (adapters.find((opened) => opened.speaker === speaker) ?? {})
        const args = requestOf(turn, speaker, settings, files, store.getState().turns)
        await answer(args, abort.signal, (change) => setAnswer(turn.id, speaker, attempt, change))
      }
      if (talk !== abort && talk !== null) return
      talk = null
      store.setState({ speaking: false })
    })
  }

  async function answer(
    args: CommandArgs<'model/generate'>,
    signal: AbortSignal,
    change: (next: (answer: Answer) => Answer) => void,
  ): Promise<void> {
    const batch = batchEvents((events) => change((before) => heard(before, events)), STREAM_INTERVAL_MS)
    if (!signal.aborted) change((before) => ({ ...before, status: 'reading' }))
    try {
      const result = await engine.execute('model/generate', args, { signal, onEvent: batch.push })
      batch.flush()
      change((before) => ({
        ...before,
        status: 'done',
        tokens: withRest(before.tokens, result.text),
        result,
      }))
    } catch (error) {
      batch.flush()
      const data = errorToData(error)
      if (signal.aborted) change((before) => (isOpen(before) ? { ...before, status: 'stopped' } : before))
      else change((before) => ({ ...before, status: 'failed', error: data }))
    }
  }

  function openAdapter(adapter: Omit<OpenedAdapter, 'speaker'>) {
    store.setState(({ adapters }) => ({
      adapters: [...adapters, { ...adapter, speaker: `adapter ${nextAdapter++}` as const }].slice(
        -MOST_ADAPTERS,
      ),
    }))
  }

  /** Lets columns that a slide has changed answer the last question again, when it has come to rest. */
  function answerAgain(changed: readonly Speaker[]) {
    slid = [...slid, ...changed]
    clearTimeout(slideTimer)
    slideTimer = setTimeout(() => {
      const [turn] = store.getState().turns
      const wanted = slid
      slid = []
      if (!turn || obstacle(turn.mode)) return
      const there = columnsOf(stores.run.getState(), store.getState())
      const answered = there.filter((speaker) => turn.answers[speaker])
      if (!answered.some((speaker) => wanted.includes(speaker))) return
      // One that has not finished is cut short by this slide, or was by the one before it.
      const isWhole = (speaker: Speaker) => turn.answers[speaker]?.status === 'done'
      speak(
        turn,
        answered.filter((speaker) => wanted.includes(speaker) || !isWhole(speaker)),
      )
    }, SLIDE_DELAY_MS)
  }

  keepStepsOf({
    engine,
    run: stores.run,
    trainsAdapter: () => stores.recipe.getState().config?.method !== 'full',
    kept: () => store.getState().kept,
    keep: (kept) => store.setState({ kept }),
  })

  // A run that begins and a model that is opened take the GPU for themselves.
  stores.run.subscribe(({ status }, before) => {
    if (status !== 'starting' || before.status === 'starting') return
    stop()
    store.setState({ kept: [], heardStep: null })
  })
  stores.model.subscribe(({ status }, before) => {
    if (status === 'opening' && before.status !== 'opening') stop()
  })

  return {
    store,
    stop,

    write: (draft: string) => store.setState({ draft }),
    chooseMode: (mode: PromptMode) => store.setState({ mode }),
    remember: (remembers: boolean) => store.setState({ remembers }),
    set: (changes: Partial<Omit<SpeechSettings, 'strength'>>) =>
      store.setState(({ settings }) => ({ settings: { ...settings, ...changes } })),

    /** Asks what stands in the draft, or the text given. */
    ask(given?: string) {
      const { mode, draft, remembers, turns } = store.getState()
      const text = given ?? draft
      if (obstacle(mode) || (mode === 'chat' && text.trim() === '')) return
      const dataset = stores.dataset.getState().summary
      const turn: Turn = {
        id: nextTurn++,
        mode,
        text,
        remembers: remembers && mode === 'chat',
        expected: mode === 'chat' && dataset ? expectedAnswer(dataset.preview, text) : null,
        answers: {},
      }
      store.setState({
        draft: given === undefined ? '' : draft,
        turns: [turn, ...turns].slice(0, KEPT_TURNS),
      })
      speak(turn, columnsOf(stores.run.getState(), store.getState()))
    },

    /** Lets one column of a turn answer again. */
    askAgain(turnId: number, speaker: Speaker) {
      const turn = store.getState().turns.find(({ id }) => id === turnId)
      if (turn && !obstacle(turn.mode)) speak(turn, [speaker])
    },

    /** Changes how much of the adapters is heard; they answer the last question again at once. */
    slide(strength: number) {
      store.setState(({ settings }) => ({ settings: { ...settings, strength } }))
      const there = columnsOf(stores.run.getState(), store.getState())
      answerAgain(there.filter((speaker) => speaker !== 'base'))
    },

    /** Lets the run's column speak as at a step that was kept, or as the run stands; it answers the last question again at once. */
    hearStep(step: number) {
      const isLatest = step >= stores.run.getState().step
      store.setState({ heardStep: isLatest ? null : step })
      answerAgain(['run'])
    },

    openAdapter,
    closeAdapter: (speaker: Speaker) =>
      store.setState(({ adapters, hidden }) => ({
        adapters: adapters.filter((opened) => opened.speaker !== speaker),
        hidden: hidden.filter((left) => left !== speaker),
      })),

    /** Keeps what the run has learned up to now as a column of its own, to be compared with it later. */
    async keepStep() {
      const { runId, step } = stores.run.getState()
      const files = await engine.execute('run/export', {})
      openAdapter({ source: 'checkpoint', name: null, runId, step, files: keptAdapter(files) })
    },

    /** Leaves a column out of what is asked from now on, or takes it in again. */
    show: (speaker: Speaker, shown: boolean) =>
      store.setState(({ hidden }) => ({
        hidden: shown ? hidden.filter((left) => left !== speaker) : [...hidden, speaker],
      })),

    clear() {
      stop()
      store.setState({ turns: [], speaking: false })
    },
  }
}

export type Playground = ReturnType<typeof createPlayground>

const freshAnswer = (label: SpeakerLabel, attempt: number): Answer => ({
  status: 'waiting',
  attempt,
  loading: null,
  label,
  tokens: [],
  result: null,
  error: null,
})

const isOpen = ({ status }: Answer): boolean =>
  status === 'waiting' || status === 'reading' || status === 'speaking'

function heard(answer: Answer, events: readonly RunEvent[]): Answer {
  const tokens = events.flatMap((event) =>
    event.type === 'generate/token'
      ? [{ tokenId: event.tokenId, text: event.text, probability: event.probability }]
      : [],
  )
  if (tokens.length > 0)
    return { ...answer, status: 'speaking', loading: null, tokens: [...answer.tokens, ...tokens] }
  const progress = events.findLast((event) => event.type === 'run/progress')
  if (!progress) return answer
  const { phase, done, total } = progress
  return { ...answer, loading: done < total ? { phase, done, total } : null }
}

/** The last token gets what was held back while a stop string might still have come. */
function withRest(tokens: Answer['tokens'], text: string): Answer['tokens'] {
  const said = tokens.map((token) => token.text).join('')
  const last = tokens.at(-1)
  if (!last || !text.startsWith(said) || text === said) return tokens
  return [...tokens.slice(0, -1), { ...last, text: last.text + text.slice(said.length) }]
}

/** What the engine is asked, for one column. */
function requestOf(
  turn: Turn,
  speaker: Speaker,
  settings: SpeechSettings,
  adapterFiles: FileReference[] | undefined,
  turns: readonly Turn[],
): CommandArgs<'model/generate'> {
  const { stop, strength, ...sampling } = settings
  const stops = stop.split('\n').filter((line) => line !== '')
  return {
    ...sampling,
    ...(stops.length > 0 && { stop: stops }),
    ...(turn.mode === 'plain' ? { prompt: turn.text } : { messages: messagesOf(turn, speaker, turns) }),
    ...(speaker === 'run' && { adapter: adapterFiles ?? ('run' as const) }),
    ...(speaker.startsWith('adapter') && { adapter: adapterFiles ?? [] }),
    ...(speaker !== 'base' && strength !== 1 && { strength }),
  }
}

/** The question, behind the conversation that this column has had where it is to go on. */
function messagesOf(turn: Turn, speaker: Speaker, turns: readonly Turn[]) {
  const question = { role: 'user', content: turn.text }
  if (!turn.remembers) return [question]
  const before = turns.filter(({ id, mode }) => id < turn.id && mode === 'chat').reverse()
  const past = before.flatMap(({ text, answers }) => {
    const answer = answers[speaker]
    if (answer?.status !== 'done' || !answer.result) return []
    return [
      { role: 'user', content: text },
      { role: 'assistant', content: answer.result.text },
    ]
  })
  return [...past, question]
}
