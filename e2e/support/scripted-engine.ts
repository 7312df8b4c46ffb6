import type { Page } from '@playwright/test'
import { type Control, scriptedCommands } from './scripted/commands.ts'
import { scriptedFigures } from './scripted/figures.ts'
import { scriptedRun } from './scripted/run.ts'
import type { Script } from './scripted/script.ts'

export type { Script } from './scripted/script.ts'

/**
 * Puts a scripted engine in the place of the page's worker, before the page loads: the same messages
 * (src/session/protocol.ts), figures made up. For looking at and checking the page, never for what it computes.
 */
export async function scriptEngine(page: Page, script: Script = {}): Promise<void> {
  // The page gets the parts as text.
  const parts = [scriptedFigures, scriptedRun, scriptedCommands].join(', ')
  await page.addInitScript(`(${install})(${JSON.stringify(script)}, ${parts})`)
}

/** Runs in the page: may use nothing from outside of itself. */
function install(
  script: Script,
  figuresOf: typeof scriptedFigures,
  runOf: typeof scriptedRun,
  commandsOf: typeof scriptedCommands,
): void {
  const control: Control = {
    run: 'run',
    step: 0,
    textCancelled: false,
    inspectionCancelled: false,
    lastConfig: {},
  }
  const figures = figuresOf(script)
  const { sleep } = figures
  const commands = commandsOf(script, figures, control, runOf(script, figures, control))

  class ScriptedWorker extends EventTarget {
    postMessage(message: { type: string; id: number; name: string; args: never }) {
      if (message.type === 'execute') void this.answer(message)
      else control.textCancelled = control.inspectionCancelled = true
    }
    terminate() {}
    private send(data: unknown) {
      this.dispatchEvent(new MessageEvent('message', { data: structuredClone(data) }))
    }
    private async answer({ id, name, args }: { id: number; name: string; args: never }) {
      await sleep(1)
      if (script.hang?.includes(name)) return
      if (script.crashOn === name) {
        this.dispatchEvent(
          new ErrorEvent('error', {
            message: 'RuntimeError: memory access out of bounds',
            filename: 'worker.js',
            lineno: 1,
            colno: 7,
          }),
        )
        return
      }
      try {
        const refusal = script.reject?.[name]
        if (refusal) throw { name: 'StudioError', ...refusal }
        const result = await commands[name](args, (event) => this.send({ type: 'event', id, event }))
        this.send({ type: 'result', id, result })
      } catch (error) {
        this.send({ type: 'error', id, error })
      }
    }
  }
  Object.assign(window, { Worker: ScriptedWorker })
  // A page without WebGPU never asks for its engine: this one stands in for both.
  if (!('gpu' in navigator)) Object.defineProperty(navigator, 'gpu', { value: {} })
}
