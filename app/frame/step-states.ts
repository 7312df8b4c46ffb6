import type { TFunction } from 'i18next'
import { playgroundObstacle, speakersOf } from '../stores/playground.ts'
import type { PlaygroundState } from '../stores/playground-state.ts'
import { isLive, type RunState } from '../stores/run.ts'
import type { DatasetState, ModelState, RecipeState } from '../stores/state.ts'

export type StepState = 'ready' | 'busy' | 'attention' | 'waiting' | 'done'

export interface StepStatus {
  state: StepState
  /** Why, in a few words. */
  why: string
}

/** How each step of the work stands, and why: the same words in the rail and on the overview. */
export function modelStatus(model: ModelState, t: TFunction): StepStatus {
  if (model.status === 'opening') return { state: 'busy', why: t('nav.why.opening') }
  if (!model.summary) return { state: model.failure ? 'attention' : 'waiting', why: t('nav.why.noModel') }
  return { state: model.failure ? 'attention' : 'ready', why: model.summary.name }
}

export function dataStatus(dataset: DatasetState, t: TFunction): StepStatus {
  if (dataset.status === 'opening') return { state: 'busy', why: t('nav.why.opening') }
  if (!dataset.summary) return { state: dataset.failure ? 'attention' : 'waiting', why: t('nav.why.noData') }
  const { name, rows, badRows } = dataset.summary
  const skips = dataset.opened?.kind === 'file' && dataset.opened.skipBadRows
  if (badRows.length > 0 && !skips)
    return { state: 'attention', why: t('nav.why.badRows', { count: badRows.length }) }
  return { state: dataset.failure ? 'attention' : 'ready', why: t('nav.why.rows', { name, count: rows }) }
}

export function trainStatus(run: RunState, recipe: RecipeState, t: TFunction): StepStatus {
  const { status, step, totalSteps: total } = run
  if (status === 'paused') return { state: 'busy', why: t('nav.why.paused', { step }) }
  if (status === 'stopping') return { state: 'busy', why: t('nav.why.stopping') }
  if (isLive(status))
    return { state: 'busy', why: step > 0 ? t('nav.why.running', { step, total }) : t('nav.why.starting') }
  if (status === 'finished')
    return { state: 'done', why: t(run.summary?.stopped ? 'nav.why.stopped' : 'nav.why.finished') }
  if (status === 'failed') return { state: 'attention', why: t('nav.why.failed') }
  if (!recipe.config)
    return { state: 'attention', why: t('nav.why.badRecipe', { count: recipe.problems.length }) }
  if (recipe.measuring) return { state: 'busy', why: t('nav.why.measuring') }
  if (recipe.planning) return { state: 'busy', why: t('nav.why.planning') }
  if (recipe.planError) return { state: 'attention', why: t('nav.why.noPlan') }
  return recipe.plan
    ? { state: 'ready', why: t('nav.why.ready') }
    : { state: 'waiting', why: t('nav.why.waiting') }
}

export function playgroundStatus(
  playground: PlaygroundState,
  model: ModelState,
  run: RunState,
  t: TFunction,
): StepStatus {
  if (playground.speaking) return { state: 'busy', why: t('nav.why.answering') }
  const obstacle = playgroundObstacle(model, run, playground.mode)
  switch (obstacle) {
    case null: {
      const both = speakersOf(run, playground).includes('run')
      return { state: 'ready', why: t(both ? 'nav.why.both' : 'nav.why.baseOnly') }
    }
    case 'opening':
      return { state: 'waiting', why: t('nav.why.opening') }
    case 'noModel':
      return { state: 'waiting', why: t('nav.why.noModel') }
    case 'noTokenizer':
    case 'noTemplate':
      return { state: 'attention', why: t('nav.why.noWords') }
    case 'training':
      return { state: 'waiting', why: t('nav.why.pauseFirst') }
    default:
      return { state: 'waiting', why: t('nav.why.notYet') }
  }
}
