import type { OptimizerConfig } from '../config/schema.ts'

type ScheduleConfig = Pick<OptimizerConfig, 'lr' | 'schedule' | 'warmupSteps'>

/**
 * Learning rate at step t (1-based) of S: linear warm-up over W steps, then constant, linear or cosine decay with
 * p = (t − W − 1) / (S − W), so that the first step after the warm-up has the full rate.
 */
export function learningRateAt(
  { lr, schedule, warmupSteps }: ScheduleConfig,
  t: number,
  totalSteps: number,
): number {
  if (t <= warmupSteps) return (lr * t) / warmupSteps
  const p = (t - warmupSteps - 1) / (totalSteps - warmupSteps)
  switch (schedule) {
    case 'constant':
      return lr
    case 'linear':
      return lr * (1 - p)
    case 'cosine':
      return lr * 0.5 * (1 + Math.cos(Math.PI * p))
  }
}
