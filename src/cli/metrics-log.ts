import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
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

/** How long a step's line waits for what else is known of the step. */
const LINE_WAIT_MS = 50

/**
 * metrics.jsonl, begun anew, or gone on with: then lines after the step that the run is resumed from, which a run that was
 * killed had come to, are left out. Every logged step is one line, on the disk as soon as its step is known; how far each adapter
 * has moved against the quantization error joins the line of its step where the run measured it. Evaluations have lines
 * of their own: `{"step":25,"eval/loss":…}`, step 0 before the first update.
 */
export class MetricsLog {
  readonly #path: string
  #descriptor: number
  readonly #logEvery: number
  #waiting: { step: number; [key: string]: unknown } | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(path: string, logEvery: number, { resume = false } = {}) {
    this.#path = path
    this.#descriptor = openSync(path, resume ? 'a' : 'w')
    this.#logEvery = logEvery
  }

  take(event: RunEvent): void {
    if (event.type === 'quant/delta_ratio') {
      const ratios = Object.fromEntries(event.ratios.map(({ name, ratio }) => [name, ratio]))
      if (this.#waiting?.step === event.step) this.#waiting['quant/delta_ratio'] = ratios
      return
    }
    if (event.type === 'memory/gpu_bytes') return
    this.#flush()
    if (event.type === 'run/started' && event.resumedFrom !== undefined) {
      this.#forgetAfter(event.resumedFrom, event.resumedFrom === event.totalSteps)
    } else if (event.type === 'run/step') {
      const { step, metrics } = event.step
      if (step % this.#logEvery !== 0 && step !== event.totalSteps) return
      this.#waiting = { step, ...inOrder(metrics) }
      this.#timer = setTimeout(() => this.#flush(), LINE_WAIT_MS)
    } else if (event.type === 'run/evaluated') {
      this.#write({
        step: event.step,
        'eval/loss': event.loss,
        'eval/supervised_tokens': event.supervisedTokens,
      })
    }
  }

  close(): void {
    this.#flush()
    closeSync(this.#descriptor)
  }

  /** At its last step a run is saved before its last evaluation, which then comes again. */
  #forgetAfter(step: number, isLast: boolean): void {
    closeSync(this.#descriptor)
    const lines = existsSync(this.#path) ? readFileSync(this.#path, 'utf8').split('\n') : []
    const kept = lines.filter((line) => {
      const known = parsed(line)
      return known && known.step <= step && !(isLast && known.step === step && 'eval/loss' in known)
    })
    const unfinished = `${this.#path}.part`
    writeFileSync(unfinished, kept.map((line) => `${line}\n`).join(''))
    renameSync(unfinished, this.#path)
    this.#descriptor = openSync(this.#path, 'a')
  }

  #flush(): void {
    clearTimeout(this.#timer)
    if (this.#waiting) this.#write(this.#waiting)
    this.#waiting = null
  }

  #write(line: object): void {
    writeSync(this.#descriptor, `${toJson(line)}\n`)
  }
}

/** A line as far as it is whole: the last one of a run that was killed may not be. */
function parsed(line: string): { step: number } | null {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function inOrder(metrics: Partial<Record<MetricName, number>>): Partial<Record<MetricName, number>> {
  const first = FIRST_KEYS.filter((key) => metrics[key] !== undefined).map((key) => [key, metrics[key]])
  return { ...Object.fromEntries(first), ...metrics }
}
