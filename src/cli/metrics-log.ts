import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
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

/**
 * metrics.jsonl, begun anew, or gone on with: then lines after the step that the run is resumed from, which a run that was
 * killed had come to, are left out, and those before it that the kill kept from this process come from the run itself. Every
 * logged step is one line, in the file before anything else is told of the step; how far each adapter has moved against the
 * quantization error joins that line where the run measured it. Evaluations have lines of their own: `{"step":25,"eval/loss":…}`, step 0 before the first update.
 */
export class MetricsLog {
  readonly #path: string
  #descriptor: number
  readonly #logEvery: number
  #sizeBytes: number
  /** The last line, if it is a step's. */
  #last: { step: number; [key: string]: unknown } | null = null

  constructor(path: string, logEvery: number, { resume = false } = {}) {
    this.#path = path
    const goesOn = resume && existsSync(path)
    this.#descriptor = openSync(path, goesOn ? 'r+' : 'w')
    this.#sizeBytes = goesOn ? statSync(path).size : 0
    this.#logEvery = logEvery
  }

  take(event: RunEvent): void {
    if (event.type === 'quant/delta_ratio') {
      const ratios = Object.fromEntries(event.ratios.map(({ name, ratio }) => [name, ratio]))
      if (this.#last?.step === event.step) this.#join('quant/delta_ratio', ratios)
      return
    }
    if (event.type === 'run/started' && event.resumedFrom !== undefined) {
      const { resumedFrom: from, recent = [] } = event
      const furthest = this.#forgetAfter(from, from === event.totalSteps)
      for (const { step, metrics } of recent) if (step > furthest) this.#write({ step, ...inOrder(metrics) })
    } else if (event.type === 'run/step') {
      const { step, metrics } = event.step
      if (step % this.#logEvery !== 0 && step !== event.totalSteps) return
      const line = { step, ...inOrder(metrics) }
      this.#write(line)
      this.#last = line
    } else if (event.type === 'run/evaluated') {
      this.#write({
        step: event.step,
        'eval/loss': event.loss,
        'eval/supervised_tokens': event.supervisedTokens,
      })
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  /** Gives the last step that stays. At its last step a run is saved before its last evaluation, which then comes again. */
  #forgetAfter(step: number, isLast: boolean): number {
    closeSync(this.#descriptor)
    const lines = existsSync(this.#path) ? readFileSync(this.#path, 'utf8').split('\n') : []
    const kept = lines.filter((line) => {
      const known = parsed(line)
      return known && known.step <= step && !(isLast && known.step === step && 'eval/loss' in known)
    })
    const unfinished = `${this.#path}.part`
    writeFileSync(unfinished, kept.map((line) => `${line}\n`).join(''))
    renameSync(unfinished, this.#path)
    this.#descriptor = openSync(this.#path, 'r+')
    this.#sizeBytes = statSync(this.#path).size
    this.#last = null
    return kept.reduce((furthest, line) => Math.max(furthest, stepOf(line)), 0)
  }

  #write(line: object): void {
    this.#last = null
    this.#put(`${toJson(line)}\n`)
  }

  /** Adds to the last line in one write over its end: whoever is killed meanwhile leaves it as it was, or grown. */
  #join(key: string, value: unknown): void {
    this.#sizeBytes -= LINE_END.length
    this.#put(`,${toJson({ [key]: value }).slice(1)}\n`)
    this.#last = null
  }

  #put(text: string): void {
    this.#sizeBytes += writeSync(this.#descriptor, text, this.#sizeBytes)
  }
}

const LINE_END = '}\n'

/** 0 for a line that is no step's. */
function stepOf(line: string): number {
  const known = parsed(line)
  return known && !('eval/loss' in known) ? known.step : 0
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
