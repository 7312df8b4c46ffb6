import { createStore } from 'zustand/vanilla'
import { parseRunConfig } from '../../src/config/parse.ts'
import { PRESETS } from '../../src/config/presets.ts'
import type { RunConfig } from '../../src/config/schema.ts'
import type { CommandArgs, CommandName, Engine } from '../../src/session/engine.ts'
import type { RunEvent } from '../../src/session/events.ts'
import type { FileReference, OutputFile } from '../../src/session/files.ts'
import { type ErrorData, errorToData, inputError, isInputError } from '../../src/util/errors.ts'
import { demoFile, EMBEDDED_MODEL, embeddedModelFiles } from './embedded.ts'
import { batchEvents } from './event-batch.ts'
import { differences, type RecipeField, recipeFields, valueAt, withValue } from './recipe-fields.ts'
import { failRun, finishRun, foldRunEvent, idleRun, isLive, type RunState, startingRun } from './run.ts'
import type {
  DatasetChoice,
  DatasetState,
  DeviceState,
  InspectionState,
  ModelChoice,
  ModelState,
  Obstacle,
  PresetId,
  RecipeState,
  TaskProgress,
} from './state.ts'

/** What has to be done before Start, in this order; a change repeats its own stage and those after it. */
const STAGES = ['model', 'dataset', 'measure', 'plan'] as const
type Stage = (typeof STAGES)[number]
const PREPARED = STAGES.length

/** Typing in a form asks for a new plan this long after the last key. */
const EDIT_DELAY_MS = 350

const QUICK_TRY_SECONDS = 120

/** Codes with which the engine refuses a machine (src/host, src/gpu). */
const OBSTACLES: Record<string, Obstacle> = {
  'device/insecure': 'insecure',
  'device/no-webgpu': 'no-webgpu',
  'device/no-adapter': 'no-adapter',
}

/**
 * The studio between engine and screen: stores that components read, and what a person can do. Knows no component and
 * no browser API beyond what the engine needs.
 */
export function createStudio(engine: Engine) {
  const fields: readonly RecipeField[] = recipeFields()

  const device = createStore<DeviceState>(() => ({
    status: 'checking',
    report: null,
    obstacle: null,
    error: null,
  }))
  const model = createStore<ModelState>(() => ({
    status: 'empty',
    requested: { kind: 'embedded' },
    opened: null,
    summary: null,
    progress: null,
    failure: null,
  }))
  const dataset = createStore<DatasetState>(() => ({
    status: 'empty',
    requested: { kind: 'demo', id: 'us-state-capitals' },
    opened: null,
    summary: null,
    progress: null,
    failure: null,
  }))
  const recipe = createStore<RecipeState>(() => ({
    ...recipeOf('quick-try', presetConfig('quick-try')),
    fileFailure: null,
    measuring: false,
    measureProgress: null,
    quickTry: null,
    measureError: null,
    planning: false,
    plan: null,
    planError: null,
  }))
  const run = createStore<RunState>(() => idleRun)
  const inspection = createStore<InspectionState>(() => ({ status: 'idle', tensors: [], error: null }))

  /** The first stage that still has to be done. */
  let stage = 0
  /** The settings that the engine's dataset was tokenized with. */
  let tokenizedFor: string | null = null
  let preparing: AbortController | undefined
  let lastPreparation = Promise.resolve()
  let editTimer: ReturnType<typeof setTimeout> | undefined

  function progressInto(apply: (progress: TaskProgress) => void) {
    return (event: RunEvent) => {
      if (event.type === 'task/progress') apply({ done: event.done, total: event.total, unit: event.unit })
    }
  }

  /**
   * Does what is left to do from `from` on. A preparation under way is cancelled and awaited first: the engine only ever
   * has one at a time, and what a cancelled one left undone is done by this one.
   */
  function prepare(from: Stage): Promise<void> {
    stage = Math.min(stage, STAGES.indexOf(from))
    preparing?.abort()
    const abort = new AbortController()
    preparing = abort
    lastPreparation = lastPreparation.then(async () => {
      while (stage < PREPARED && !abort.signal.aborted) {
        const goOn = await runStage[STAGES[stage]](abort.signal)
        if (!goOn) return
      }
    })
    return lastPreparation
  }

  const runStage: Record<Stage, (signal: AbortSignal) => Promise<boolean>> = {
    async model(signal) {
      const { requested } = model.getState()
      model.setState({ status: 'opening', progress: null })
      const name = requested.kind === 'embedded' ? EMBEDDED_MODEL : requested.name
      const files = requested.kind === 'embedded' ? embeddedModelFiles() : requested.files
      const onEvent = progressInto((progress) => model.setState({ progress }))
      try {
        const summary = await engine.execute('model/open', { name, files }, { signal, onEvent })
        model.setState({ status: 'ready', opened: requested, summary, progress: null, failure: null })
        inspection.setState({ status: 'idle', tensors: [], error: null })
        tokenizedFor = null
        stage = STAGES.indexOf('dataset')
        return true
      } catch (error) {
        if (signal.aborted) return false
        const { opened } = model.getState()
        model.setState({
          status: opened ? 'ready' : 'empty',
          requested: opened ?? requested,
          progress: null,
          failure: { name, error: errorToData(error) },
        })
        stage = opened ? nextUndone() : PREPARED
        return opened !== null
      }
    },

    async dataset(signal) {
      const { config } = recipe.getState()
      if (!config) return giveUp()
      const { requested } = dataset.getState()
      dataset.setState({ status: 'opening', progress: null })
      const file = requested.kind === 'demo' ? demoFile(requested.id) : requested.file
      const skipBadRows = requested.kind === 'file' && requested.skipBadRows
      const onEvent = progressInto((progress) => dataset.setState({ progress }))
      try {
        const args: CommandArgs<'dataset/open'> = { file, config, skipBadRows }
        const summary = await engine.execute('dataset/open', args, { signal, onEvent })
        dataset.setState({ status: 'ready', opened: requested, summary, progress: null, failure: null })
        tokenizedFor = tokenizationKey(config)
        stage = STAGES.indexOf('measure')
        return true
      } catch (error) {
        if (signal.aborted) return false
        return keepDataset(requested, file, errorToData(error))
      }
    },

    async measure(signal) {
      const { presetId, draft, base } = recipe.getState()
      stage = STAGES.indexOf('plan')
      if (presetId !== 'quick-try' || draft !== base) return true
      recipe.setState({ measuring: true, measureError: null })
      try {
        const onEvent = progressInto((measureProgress) => recipe.setState({ measureProgress }))
        const args = { targetSeconds: QUICK_TRY_SECONDS }
        const quickTry = await engine.execute('run/quick-try', args, { signal, onEvent })
        recipe.setState({ ...recipeOf('quick-try', quickTry.config), quickTry })
        if (tokenizationKey(quickTry.config) !== tokenizedFor) return await reopenDataset(signal)
        return true
      } catch (error) {
        if (signal.aborted) {
          stage = STAGES.indexOf('measure')
          return false
        }
        recipe.setState({ measureError: errorToData(error) })
        return true
      } finally {
        recipe.setState({ measuring: false, measureProgress: null })
      }
    },

    async plan(signal) {
      const { config } = recipe.getState()
      if (!config) return giveUp()
      recipe.setState({ planning: true })
      try {
        const plan = await engine.execute('run/plan', { config }, { signal })
        recipe.setState({ plan, planError: null })
        stage = PREPARED
        return true
      } catch (error) {
        if (signal.aborted) return false
        recipe.setState({ plan: null, planError: errorToData(error) })
        return giveUp()
      } finally {
        recipe.setState({ planning: false })
      }
    },
  }

  /** Nothing more can be done until the person changes something. */
  function giveUp(): false {
    stage = PREPARED
    return false
  }

  /** After a refused model, the engine still has the one before and, unless it was never tokenized, its dataset. */
  function nextUndone(): number {
    return tokenizedFor === null
      ? STAGES.indexOf('dataset')
      : recipe.getState().plan
        ? PREPARED
        : STAGES.indexOf('plan')
  }

  /** The quick-try settings cut rows elsewhere: the same file again, without measuring again. */
  async function reopenDataset(signal: AbortSignal): Promise<boolean> {
    stage = STAGES.indexOf('dataset')
    const opened = await runStage.dataset(signal)
    if (opened) stage = STAGES.indexOf('plan')
    return opened
  }

  /** A new file that fails leaves the dataset before it in place; the same file failing under new settings leaves none. */
  function keepDataset(requested: DatasetChoice, file: FileReference, error: ErrorData): boolean {
    const { opened } = dataset.getState()
    const failure = { choice: requested, name: file.name, error }
    const isAnother = opened !== null && !sameDataset(opened, requested) && tokenizedFor !== null
    if (isAnother) {
      dataset.setState({ status: 'ready', requested: opened, progress: null, failure })
      stage = recipe.getState().plan ? PREPARED : STAGES.indexOf('plan')
      return stage < PREPARED
    }
    dataset.setState({ status: opened ? 'ready' : 'empty', progress: null, failure })
    recipe.setState({ plan: null, planError: error })
    return giveUp()
  }

  function setDraft(changed: Record<string, unknown>) {
    const { base } = recipe.getState()
    const draft =
      differences(fields, base, changed).length === 0 ? (base as Record<string, unknown>) : changed
    recipe.setState({ draft, ...checked(draft), planning: true })
    clearTimeout(editTimer)
    editTimer = setTimeout(replan, EDIT_DELAY_MS)
  }

  function replan() {
    const { config } = recipe.getState()
    if (!config) {
      preparing?.abort()
      recipe.setState({ plan: null, planning: false })
      return
    }
    recipe.setState({ planning: true })
    void prepare(tokenizationKey(config) === tokenizedFor ? 'plan' : 'dataset')
  }

  const isLocked = () => isLive(run.getState().status)
  const isPrepared = () => readyToStart(model.getState(), dataset.getState(), recipe.getState())

  return {
    fields,
    stores: { device, model, dataset, recipe, run, inspection },

    /** Looks at the device, then opens what ships with the page. */
    async begin() {
      try {
        device.setState({ status: 'ready', report: await engine.execute('device/describe', {}) })
      } catch (error) {
        const data = errorToData(error)
        const obstacle = OBSTACLES[data.code] ?? 'engine-failed'
        if (device.getState().status !== 'blocked')
          device.setState({ status: 'blocked', obstacle, error: data })
        return
      }
      await prepare('model')
    },

    /** The engine is gone for good; only a reload brings it back. */
    engineCrashed(error: ErrorData) {
      device.setState({ status: 'blocked', obstacle: 'engine-crashed', error })
    },

    openModel(choice: ModelChoice) {
      if (isLocked()) return
      model.setState({ requested: choice, failure: null })
      void prepare('model')
    },

    openDataset(choice: DatasetChoice) {
      if (isLocked()) return
      dataset.setState({ requested: choice, failure: null })
      void prepare('dataset')
    },

    /** Uses the rest of a file in which some rows are bad. */
    skipBadRows() {
      const { opened } = dataset.getState()
      if (isLocked() || opened?.kind !== 'file') return
      dataset.setState({ requested: { ...opened, skipBadRows: true }, failure: null })
      void prepare('dataset')
    },

    dismissModelFailure: () => model.setState({ failure: null }),
    dismissDatasetFailure: () => dataset.setState({ failure: null }),
    dismissRecipeFailure: () => recipe.setState({ fileFailure: null }),

    choosePreset(id: Exclude<PresetId, 'file'>) {
      if (isLocked()) return
      const { quickTry } = recipe.getState()
      const config = id === 'quick-try' && quickTry ? quickTry.config : presetConfig(id)
      clearTimeout(editTimer)
      recipe.setState({ ...recipeOf(id, config), fileFailure: null })
      if (id === 'quick-try' && !quickTry) void prepare('measure')
      else replan()
    },

    editField(path: string, value: unknown) {
      if (isLocked()) return
      setDraft(withValue(recipe.getState().draft, path, value))
    },

    resetField(path: string) {
      if (isLocked()) return
      const { draft, base } = recipe.getState()
      setDraft(withValue(draft, path, valueAt(base, path)))
    },

    /** Takes a RUN.json; the recipe before stays when it cannot be used. */
    openRecipe(name: string, text: string) {
      if (isLocked()) return
      try {
        const config = parseRunConfig(parseJson(name, text))
        recipe.setState({ ...recipeOf('file', config), fileName: name, fileFailure: null })
        replan()
      } catch (error) {
        recipe.setState({ fileFailure: { name, error: errorToData(error) } })
      }
    },

    /** Plans again after a failure that may have passed. */
    retryPlan: () => void prepare('plan'),

    async start() {
      const { config } = recipe.getState()
      if (!config || isLocked() || !isPrepared()) return
      run.setState(startingRun, true)
      const batch = batchEvents((events) => run.setState((state) => events.reduce(foldRunEvent, state)))
      try {
        await lastPreparation
        const summary = await engine.execute('run/start', { config }, { onEvent: batch.push })
        batch.flush()
        run.setState((state) => finishRun(state, summary))
      } catch (error) {
        batch.flush()
        run.setState((state) => failRun(state, errorToData(error)))
      }
    },

    pause: () => command('run/pause'),
    resume: () => command('run/resume'),
    stop() {
      run.setState((state) => (isLive(state.status) ? { ...state, status: 'stopping' } : state))
      return command('run/stop')
    },

    /** Puts the finished run away, so that the recipe can be changed for another. */
    newRun() {
      if (!isLocked()) run.setState(idleRun, true)
    },

    /** The adapter as PEFT files, as it stands. */
    exportAdapter: (): Promise<OutputFile[]> => engine.execute('run/export', {}),

    /** Quantizes every tensor without training and measures the error. Takes its turn after what is being prepared. */
    inspect() {
      const { config } = recipe.getState()
      if (!config || isLocked() || inspection.getState().status === 'working') return
      inspection.setState({ status: 'working', tensors: [], error: null })
      lastPreparation = lastPreparation.then(async () => {
        try {
          const tensors = await engine.execute('model/inspect', { config })
          inspection.setState({ status: 'ready', tensors })
        } catch (error) {
          inspection.setState({ status: 'failed', error: errorToData(error) })
        }
      })
    },
  }

  async function command(name: CommandName & ('run/pause' | 'run/resume' | 'run/stop')) {
    try {
      await engine.execute(name, {})
    } catch (error) {
      const { code, message, hint } = errorToData(error)
      run.setState((state) => foldRunEvent(state, { type: 'run/warning', code, message, fix: hint }))
    }
  }
}

/** Whether everything a run needs is opened, valid and planned, as it stands now. */
export function readyToStart(model: ModelState, dataset: DatasetState, recipe: RecipeState): boolean {
  const opened = model.status === 'ready' && dataset.status === 'ready'
  return opened && recipe.config !== null && recipe.plan !== null && !recipe.measuring && !recipe.planning
}

export type Studio = ReturnType<typeof createStudio>

function presetConfig(id: Exclude<PresetId, 'file'>): RunConfig {
  const preset = PRESETS.find((candidate) => candidate.id === id)
  if (!preset) throw new Error(`There is no preset ${id} in src/config/presets.ts`)
  return parseRunConfig(preset.config)
}

function recipeOf(presetId: PresetId, config: RunConfig) {
  return {
    presetId,
    fileName: null,
    base: config,
    draft: config as Record<string, unknown>,
    config,
    problems: [],
  }
}

function checked(draft: Record<string, unknown>): Pick<RecipeState, 'config' | 'problems'> {
  try {
    return { config: parseRunConfig(draft), problems: [] }
  } catch (error) {
    if (!isInputError(error)) throw error
    return { config: null, problems: error.problems ?? [{ message: error.message }] }
  }
}

/** What of a recipe decides how rows become tokens and batches; a change there reads the file again. */
function tokenizationKey({ data, train }: RunConfig): string {
  return JSON.stringify([data, train.seed])
}

function sameDataset(one: DatasetChoice, other: DatasetChoice): boolean {
  if (one.kind === 'demo') return other.kind === 'demo' && one.id === other.id
  return other.kind === 'file' && one.file === other.file && one.skipBadRows === other.skipBadRows
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw inputError('config', [
      {
        message: `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
        fix: 'Choose a RUN.json that this page or the terminal has written.',
      },
    ])
  }
}
