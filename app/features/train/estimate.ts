import type { RunConfig } from '../../../src/config/schema.ts'
import type { RecipeState } from '../../stores/state.ts'

/** Recomputing activations costs about one more forward pass: a third of a step. */
const CHECKPOINTING_COST = 4 / 3

/**
 * About how long the run will take here, from the rate the quick try measured: the measured estimate itself while the
 * recipe is the quick try's, else scaled by the tokens a step and the number of steps. Null without a measurement.
 */
export function estimateSeconds({
  config,
  plan,
  quickTry,
}: Pick<RecipeState, 'config' | 'plan' | 'quickTry'>): number | null {
  if (!config || !quickTry || !plan || plan.totalSteps === null) return null
  const before = tokensPerStep(quickTry.config) * quickTry.config.train.maxSteps
  if (before <= 0) return null
  return (quickTry.estimatedSeconds * tokensPerStep(config) * plan.totalSteps) / before
}

function tokensPerStep({ train, data }: RunConfig): number {
  const recompute = train.gradientCheckpointing ? CHECKPOINTING_COST : 1
  return train.batchSize * train.gradAccumSteps * data.maxSeqLength * recompute
}
