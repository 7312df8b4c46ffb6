import { closeSync, openSync, writeSync } from 'node:fs'
import type { MetricName, RunEvent } from '../session/events.ts'
import { toJson } from './json.ts'

/** Order of the keys in a line; metrics that are not named here follow. */
const FIRST_KEYS: readonly MetricName[] = [
  'train/loss',
  'optimizer/grad_norm',
  'optimizer/lr',
  'train/supervised_tokens',
  'speed/tokens_per_second',
  'memory/gpu_bytes',
]

/** The line of metrics.jsonl that an event makes, if any: steps, evaluations, and how far the adapters have moved. */
export function metricsLine(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'run/step': {
      const { step, metrics } = event.step
      const first = FIRST_KEYS.filter((key) => metrics[key] !== undefined).map((key) => [key, metrics[key]])
      return toJson({ step, ...Object.fromEntries(first), ...metrics })
    }
    case 'run/evaluated':
      return toJson({
        step: event.step,
        'eval/loss': event.loss,
        'eval/supervised_tokens': event.supervisedTokens,
      })
    case 'quant/delta_ratio':
      return toJson({
        step: event.step,
        'quant/delta_ratio': Object.fromEntries(event.ratios.map(({ name, ratio }) => [name, ratio])),
      })
    default:
      return undefined
  }
}

/** metrics.jsonl, begun anew; every line is on the disk as soon as its step is known. */
export function metricsLog(path: string, logEvery: number): { take(event: RunEvent): void; close(): void } {
  const descriptor = openSync(path, 'w')
  return {
    take(event) {
      const isSkipped =
        event.type === 'run/step' && event.step.step % logEvery !== 0 && event.step.step !== event.totalSteps
      const line = isSkipped ? undefined : metricsLine(event)
      if (line) writeSync(descriptor, `${line}\n`)
    },
    close: () => closeSync(descriptor),
  }
}
