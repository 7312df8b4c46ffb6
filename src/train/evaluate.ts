import type { Batch } from '../data/batch.ts'
import type { Executable } from '../graph/executable.ts'
import { StudioError } from '../util/errors.ts'
import { writeBatch } from './batch-inputs.ts'
import { metricsRange, readMetrics } from './metrics.ts'
import { STAGE } from './program.ts'

export interface Evaluation {
  /** Mean loss over the supervised tokens, nats per token. */
  loss: number
  perplexity: number
  supervisedTokens: number
}

/** Batches whose losses may be on their way back at a time. */
const IN_FLIGHT = 2

/** Loss of the current weights on batches; sums in float64 on the host, so that many tokens cost no precision. */
export async function evaluate(
  executable: Executable,
  batches: Iterable<Batch>,
  { onBatch, signal }: { onBatch?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<Evaluation> {
  const range = metricsRange(executable.plan)
  const sums: Promise<number>[] = []
  let lossSum = 0
  let supervisedTokens = 0
  let done = 0
  const collect = async () => {
    lossSum += (await sums.shift()) ?? 0
    onBatch?.(++done)
  }
  for (const batch of batches) {
    if (signal?.aborted) throw new StudioError('cancelled', 'Evaluation was cancelled')
    executable.run(STAGE.beginEvaluation)
    writeBatch(executable, batch)
    executable.run(STAGE.evaluate(batch))
    const sum = executable.capture(range).then((bytes) => readMetrics(bytes).lossSum)
    // Those behind one that fails are awaited by nobody.
    sum.catch(() => {})
    sums.push(sum)
    supervisedTokens += batch.supervisedTokens
    if (sums.length >= IN_FLIGHT) await collect()
  }
  while (sums.length > 0) await collect()
  const loss = lossSum / supervisedTokens
  return { loss, perplexity: Math.exp(loss), supervisedTokens }
}
