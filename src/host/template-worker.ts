/** Runs chat templates, and nothing else: whoever waits for it may end it at any time. */
import { type TemplateTask, type WrittenText, writeTexts } from '../data/template-texts.ts'
import { type ErrorData, errorToData } from '../util/errors.ts'

export type FromTemplateWorker =
  | { type: 'ready' }
  | { type: 'written'; texts: WrittenText[] }
  | { type: 'failed'; error: ErrorData }

const scope = self as unknown as DedicatedWorkerGlobalScope
const send = (message: FromTemplateWorker) => scope.postMessage(message)

scope.addEventListener('message', ({ data }: MessageEvent<TemplateTask>) => {
  try {
    send({ type: 'written', texts: writeTexts(data) })
  } catch (error) {
    send({ type: 'failed', error: errorToData(error) })
  }
})
send({ type: 'ready' })
