import { runInNewContext } from 'node:vm'
import {
  TEMPLATE_LIMIT_MS,
  type TemplateRunner,
  templateTimeout,
  writeTexts,
} from '../data/template-texts.ts'

/**
 * Templates under the time limit that Node keeps over a script: it ends whatever the script has called, however deep in
 * a loop. Nothing else waits in a terminal, so it needs no thread of its own.
 */
export function nodeTemplates(limitMs = TEMPLATE_LIMIT_MS): TemplateRunner {
  return async (task) => {
    try {
      return runInNewContext('write()', { write: () => writeTexts(task) }, { timeout: limitMs })
    } catch (error) {
      throw isTimeout(error) ? templateTimeout(limitMs) : error
    }
  }
}

/** The error is of Node's own realm, so its class says nothing. */
const isTimeout = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
