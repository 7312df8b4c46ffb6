import { DEFAULT_TRAITS } from '../../graph/device.ts'
import { makePlan } from '../../graph/make-plan.ts'
import type { Plan } from '../../graph/plan.ts'
import type { ParameterPool } from '../../graph/pool.ts'
import { bufferTensor } from '../../graph/tensor.ts'
import type { PageLayout } from '../page-layout.ts'
import { pageTransfers, recordUpdate } from '../record-update.ts'

/** The plan of a pool's update alone. */
export function updatePlan(pool: ParameterPool, layout: PageLayout | null, traits = DEFAULT_TRAITS): Plan {
  const norm = bufferTensor('norm', [1], 'f32', 'workspace')
  return makePlan(
    recordUpdate(pool, norm, layout),
    traits,
    [...pool.values(), ...pool.gradients()],
    pageTransfers(layout),
  )
}
