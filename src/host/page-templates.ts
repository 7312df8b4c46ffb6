import {
  TEMPLATE_LIMIT_MS,
  type TemplateRunner,
  type TemplateTask,
  templateTimeout,
  type WrittenText,
} from '../data/template-texts.ts'
import { errorFromData, StudioError } from '../util/errors.ts'
import type { FromTemplateWorker } from './template-worker.ts'

/**
 * Templates in a worker of their own, one task after the other. A task that takes too long ends the worker, and with it
 * whatever the template was doing; the next task gets a new one.
 */
export function pageTemplates(
  startWorker: () => Worker = templateWorker,
  limitMs = TEMPLATE_LIMIT_MS,
): TemplateRunner {
  let running: Promise<Worker> | null = null
  let last: Promise<unknown> = Promise.resolve()
  const ask = async (task: TemplateTask): Promise<FromTemplateWorker> => {
    running ??= whenReady(startWorker())
    const started = running
    try {
      const worker = await started
      const answer = nextMessage(worker, limitMs, () => templateTimeout(limitMs))
      worker.postMessage(task)
      return await answer
    } catch (error) {
      // Still at work on something, or never begun: it cannot be used again.
      running = null
      void started.then((worker) => worker.terminate()).catch(() => {})
      throw error
    }
  }
  return (task) => {
    const texts = last.then(() => ask(task)).then(textsOf)
    last = texts.catch(() => {})
    return texts
  }
}

const templateWorker = () =>
  new Worker(new URL('./template-worker.ts', import.meta.url), { type: 'module', name: 'templates' })

/** Its loading is not the template's fault, and not part of its time. */
const START_LIMIT_MS = 60_000

async function whenReady(worker: Worker): Promise<Worker> {
  await nextMessage(
    worker,
    START_LIMIT_MS,
    () => new StudioError('host/worker', 'The template worker did not start'),
  )
  return worker
}

function textsOf(message: FromTemplateWorker): WrittenText[] {
  if (message.type === 'failed') throw errorFromData(message.error)
  return message.type === 'written' ? message.texts : []
}

function nextMessage(worker: Worker, limitMs: number, tooLate: () => Error): Promise<FromTemplateWorker> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(tooLate())), limitMs)
    const end = (settle: () => void) => {
      clearTimeout(timer)
      worker.onmessage = null
      worker.onerror = null
      settle()
    }
    worker.onmessage = ({ data }: MessageEvent<FromTemplateWorker>) => end(() => resolve(data))
    worker.onerror = (event) => {
      event.preventDefault()
      end(() => reject(new StudioError('host/worker', `The template worker failed: ${event.message}`)))
    }
  })
}
