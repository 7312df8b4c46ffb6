import type { RunEvent } from '../session/events.ts'
import type { CommandOutput } from './output.ts'
import { bytes, describeBytes, duration, short } from './summaries.ts'

/** Tells what an engine is doing, on standard error. */
export function progressListener(output: CommandOutput): (event: RunEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'run/started':
        output.note(`memory ${bytes(event.totalBytes)}: ${describeBytes(event.plannedBytes)}`)
        output.note(`training ${event.trainableParameters} parameters, ${event.totalSteps} steps`)
        if (event.resumedFrom !== undefined) output.note(`going on after step ${event.resumedFrom}`)
        break
      case 'run/progress':
        // Steps have a line of their own, which says more.
        if (event.unit !== 'steps')
          output.progress(event.phase, `${event.phase} ${event.done}/${event.total} ${event.unit}`)
        break
      case 'task/progress':
        output.progress(
          event.task,
          `${event.task} ${amount(event.done, event.unit)} of ${amount(event.total, event.unit)}`,
        )
        break
      case 'quant/tensor':
        output.progress('quantized', `quantized ${event.tensor.name}: ${short(event.tensor.snrDb)} dB`)
        break
      case 'run/step': {
        const { step, metrics } = event.step
        const left = event.secondsLeft === null ? '' : `, ${duration(event.secondsLeft)} left`
        output.progress(
          'step',
          `step ${step}/${event.totalSteps}: loss ${short(metrics['train/loss'] ?? null)}, grad norm ${short(metrics['optimizer/grad_norm'] ?? null)}, ${Math.round(metrics['speed/tokens_per_second'] ?? 0)} tokens/s${left}`,
        )
        break
      }
      case 'run/evaluated':
        output.note(
          `step ${event.step}: held-out loss ${short(event.loss)}, perplexity ${short(event.perplexity)}`,
        )
        break
      case 'run/device-lost':
        output.note(`${event.message}; the run goes on from step ${event.resumesFrom} on the next device`)
        break
      case 'run/warning':
        output.note(`warning: ${event.message}${event.fix ? ` (${event.fix})` : ''}`)
        break
    }
  }
}

const amount = (value: number, unit: 'bytes' | 'rows' | 'steps') =>
  unit === 'bytes' ? bytes(value) : `${value} ${unit}`
