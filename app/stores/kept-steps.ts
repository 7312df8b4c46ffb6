import type { StoreApi } from 'zustand/vanilla'
import type { Engine } from '../../src/session/engine.ts'
import { keptAdapter } from '../features/playground/adapter-files.ts'
import type { KeptStep } from './playground-state.ts'
import type { RunState } from './run.ts'

/** A run keeps one of its steps about this many times, and where it pauses and ends. */
export const KEPT_PLACES = 12

const MOST_KEPT = 24

interface KeepingOptions {
  engine: Engine
  run: StoreApi<RunState>
  /** Whether what the run trains is an adapter: whole models are too large to be kept on the way. */
  trainsAdapter: () => boolean
  kept: () => readonly KeptStep[]
  keep: (steps: readonly KeptStep[]) => void
}

/** Keeps what a run has learned at some of its steps, by watching it, so that they can be heard afterwards. */
export function keepStepsOf({ engine, run, trainsAdapter, kept, keep }: KeepingOptions): void {
  /** The step at which a run was last asked; one refusal is not asked about again. */
  let asked = { runId: '', step: 0 }
  let isAsking = false

  async function ask(runId: string, step: number) {
    asked = { runId, step }
    isAsking = true
    try {
      const taken = await engine.execute('run/export-step', {})
      const files = keptAdapter(taken.files)
      if (run.getState().runId !== runId || files.length === 0) return
      const others = kept().filter((each) => each.runId === runId && each.step !== taken.step)
      keep(
        thinned([...others, { runId, step: taken.step, files }].sort((one, other) => one.step - other.step)),
      )
    } catch {
      // Nothing is lost but a step to listen to: the run goes on, or says itself what is wrong.
    } finally {
      isAsking = false
    }
    look(run.getState())
  }

  function look({ status, runId, step, totalSteps }: RunState) {
    if (isAsking || runId === null || step === 0 || !trainsAdapter()) return
    const before = asked.runId === runId ? asked.step : 0
    const due =
      status === 'paused' || status === 'finished'
        ? step > before
        : status === 'running' && step - before >= Math.ceil(totalSteps / KEPT_PLACES)
    if (due) void ask(runId, step)
  }
  run.subscribe(look)
}

/** Without the steps that are nearest to their neighbours, while there are too many; the first and last stay. */
export function thinned(steps: readonly KeptStep[], most = MOST_KEPT): readonly KeptStep[] {
  if (steps.length <= most) return steps
  const gaps = steps.slice(2).map(({ step }, index) => step - steps[index].step)
  const nearest = 1 + gaps.indexOf(Math.min(...gaps))
  return thinned(steps.toSpliced(nearest, 1), most)
}
