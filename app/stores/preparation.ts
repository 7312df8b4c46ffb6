import type { CommandArgs, Engine } from '../../src/session/engine.ts'
import type { RunEvent } from '../../src/session/events.ts'
import type { FileReference } from '../../src/session/files.ts'
import { type SeenColumn, UNKNOWN_COLUMNS } from '../../src/session/reports.ts'
import { type ErrorData, errorToData } from '../../src/util/errors.ts'
import { demoFile, EMBEDDED_MODEL, embeddedModelFiles } from './embedded.ts'
import { withValue } from './recipe-fields.ts'
import { readingColumns, recipeOf, tokenizationKey } from './recipe-state.ts'
import { samplesArgs } from './samples.ts'
import type { DatasetChoice, DatasetState, ModelState, RecipeState, TaskProgress } from './state.ts'
import { idleInspection, type Stores } from './stores.ts'

/** What has to be done before Start, in this order; a change repeats its own stage and those after it. */
const STAGES = ['model', 'dataset', 'measure', 'plan'] as const
export type Stage = (typeof STAGES)[number]
const PREPARED = STAGES.length

const QUICK_TRY_SECONDS = 120

/** Brings the engine to where the choices in the stores are, and the stores to what the engine says of them. */
export type Preparation = ReturnType<typeof createPreparation>

export function createPreparation(engine: Engine, { model, dataset, recipe, samples, inspection }: Stores) {
  /** The first stage that still has to be done. */
  let stage = 0
  /** The first stage that was asked to be done again; one that is being cancelled still sets `stage` on its way out. */
  let wanted: number = PREPARED
  /** The settings that the engine's dataset was tokenized with. */
  let tokenizedFor: string | null = null
  let preparing: AbortController | undefined
  let lastWork = Promise.resolve()

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
        inspection.setState(idleInspection)
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
      const { config: written } = recipe.getState()
      if (!written) return giveUp()
      const { requested } = dataset.getState()
      const { mapping, ...choice } = requested
      const config = mapping === undefined ? written : withValue(written, 'data.mapping', mapping)
      dataset.setState({ status: 'opening', progress: null })
      const file = requested.kind === 'demo' ? demoFile(requested.id) : requested.file
      const skipBadRows = requested.kind === 'file' && requested.skipBadRows
      const onEvent = progressInto((progress) => dataset.setState({ progress }))
      try {
        const args: CommandArgs<'dataset/open'> = { file, config, skipBadRows }
        const summary = await engine.execute('dataset/open', args, { signal, onEvent })
        if (mapping !== undefined) recipe.setState((state) => readingColumns(state, mapping))
        dataset.setState({
          status: 'ready',
          requested: choice,
          opened: choice,
          summary,
          progress: null,
          failure: null,
        })
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
      const { mapping } = base.data
      stage = STAGES.indexOf('plan')
      if (presetId !== 'quick-try' || draft !== base) return true
      recipe.setState({ measuring: true, measureError: null })
      try {
        const onEvent = progressInto((measureProgress) => recipe.setState({ measureProgress }))
        const args = { targetSeconds: QUICK_TRY_SECONDS, mapping }
        const quickTry = await engine.execute('run/quick-try', args, { signal, onEvent })
        // What the person has typed meanwhile stays.
        const isUntouched = recipe.getState().draft === draft
        recipe.setState({ ...(isUntouched && recipeOf('quick-try', quickTry.config)), quickTry })
        if (!isUntouched) return true
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
        const args = { config, samples: samplesArgs(samples.getState()) }
        const plan = await engine.execute('run/plan', args, { signal })
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
    if (tokenizedFor === null) return STAGES.indexOf('dataset')
    return recipe.getState().plan ? PREPARED : STAGES.indexOf('plan')
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
    const { opened, failure: before } = dataset.getState()
    const known = before && sameFile(before.choice, requested) ? before.columns : []
    const columns = error.code === UNKNOWN_COLUMNS ? (error.details as SeenColumn[]) : known
    const failure = { choice: requested, name: file.name, error, columns }
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

  /**
   * Does what is left to do from `from` on. A preparation under way is cancelled and awaited first: the engine only ever
   * has one at a time, and what a cancelled one left undone is done by this one.
   */
  function prepare(from: Stage): Promise<void> {
    wanted = Math.min(wanted, STAGES.indexOf(from))
    preparing?.abort()
    const abort = new AbortController()
    preparing = abort
    return afterwards(async () => {
      stage = Math.min(stage, wanted)
      wanted = PREPARED
      while (stage < PREPARED && !abort.signal.aborted) {
        const goOn = await runStage[STAGES[stage]](abort.signal)
        if (!goOn) return
      }
    })
  }

  /** Work for the engine that takes its turn after what is being prepared. It must not throw. */
  function afterwards(work: () => Promise<void>): Promise<void> {
    lastWork = lastWork.then(work)
    return lastWork
  }

  return {
    prepare,
    afterwards,

    /** Resolves when nothing is being prepared any more. */
    settled: () => lastWork,

    /** Plans for the recipe as it stands, reading the dataset again where rows become other tokens. */
    replan() {
      const { config } = recipe.getState()
      if (!config) {
        preparing?.abort()
        recipe.setState({ plan: null, planning: false })
        return
      }
      recipe.setState({ planning: true })
      void prepare(tokenizationKey(config) === tokenizedFor ? 'plan' : 'dataset')
    },
  }
}

/** Whether everything a run needs is opened, valid and planned, as it stands now. */
export function readyToStart(model: ModelState, dataset: DatasetState, recipe: RecipeState): boolean {
  const opened = model.status === 'ready' && dataset.status === 'ready'
  return opened && recipe.config !== null && recipe.plan !== null && !recipe.measuring && !recipe.planning
}

function progressInto(apply: (progress: TaskProgress) => void) {
  return (event: RunEvent) => {
    if (event.type === 'task/progress') apply({ done: event.done, total: event.total, unit: event.unit })
  }
}

/** Whether both are of one file, however it is read. */
export function sameFile(one: DatasetChoice, other: DatasetChoice): boolean {
  if (one.kind === 'demo') return other.kind === 'demo' && one.id === other.id
  return other.kind === 'file' && one.file === other.file
}

function sameDataset(opened: DatasetChoice, requested: DatasetChoice): boolean {
  const skips = (choice: DatasetChoice) => choice.kind === 'file' && choice.skipBadRows
  return sameFile(opened, requested) && requested.mapping === undefined && skips(opened) === skips(requested)
}
