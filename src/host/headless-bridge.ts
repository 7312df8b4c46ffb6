import type { FromEngine, ToEngine } from '../session/protocol.ts'
import type { ErrorData } from '../util/errors.ts'

/**
 * What the headless page and the process that opened it agree on. The process exposes `nibbleToHost` in the page before
 * it loads; the page offers `nibbleToEngine`. Binary of results (binary-exchange.ts) is POSTed in
 * pieces to `UPLOAD_PATH`: the first is answered with a number, under which the following ones are added.
 */
export type FromPage =
  | { type: 'ready' }
  | { type: 'engine'; message: FromEngine }
  | { type: 'failed'; error: ErrorData }

export interface HeadlessWindow {
  nibbleToHost(message: FromPage): Promise<void>
  nibbleToEngine(message: ToEngine): void
}

/** Relative to the page's address. */
export const UPLOAD_PATH = '../upload'

/** Query parameter that names the upload a piece belongs to. */
export const UPLOAD_NUMBER = 'number'
