/**
 * The one error of the engine. It names the thing, what was expected, what came and the fix, and it survives a worker
 * boundary as plain data. `code` is a stable slash name whose first part says who can act:
 * `input/…` the person's files or settings (exit 2 in the terminal), anything else a failure while running (exit 1).
 */
export interface Problem {
  /** The setting it belongs to (`lora.rank`), so that a form can show it beside the field. */
  path?: string
  /** What is wrong, in one sentence that names the thing: `row 7: "output" is missing`. */
  message: string
  /** What to do about it. */
  fix?: string
}

export interface ErrorData {
  name: string
  code: string
  message: string
  hint?: string
  /** Every single problem when there are several (a form, a dataset, a checkpoint). */
  problems?: Problem[]
  details?: unknown
}

export interface StudioErrorOptions {
  hint?: string
  problems?: Problem[]
  details?: unknown
  cause?: unknown
}

export class StudioError extends Error {
  readonly code: string
  readonly hint?: string
  readonly problems?: Problem[]
  readonly details?: unknown

  constructor(code: string, message: string, options: StudioErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.name = 'StudioError'
    this.code = code
    this.hint = options.hint
    this.problems = options.problems
    this.details = options.details
  }

  toJSON(): ErrorData {
    const { name, code, message, hint, problems, details } = this
    return { name, code, message, hint, problems, details }
  }
}

/** Whether the person who gave the input can mend it (and the terminal should exit with 2). */
export const isInputError = (error: unknown): error is StudioError =>
  error instanceof StudioError && error.code.startsWith('input/')

/** An input error with one or many problems; the message stays readable when only one is shown. */
export function inputError(code: string, problems: Problem[], summary?: string): StudioError {
  const first = problems[0]
  const message =
    summary ?? (problems.length === 1 ? first.message : `${problems.length} problems: ${first.message}; …`)
  return new StudioError(`input/${code}`, message, { hint: first?.fix, problems })
}

/** What is wrong, in words: of errors of the browser that carry none, their name. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message || error.name
  return String(error ?? 'no reason given')
}

/** Turns anything thrown into plain data (an unknown error keeps its message and gets the code `internal`). */
export function errorToData(error: unknown): ErrorData {
  if (error instanceof StudioError) return error.toJSON()
  const { name, stack } = error instanceof Error ? error : { name: 'Error', stack: undefined }
  return { name, code: 'internal', message: reasonOf(error), ...(stack && { details: stack }) }
}

export function errorFromData(data: ErrorData): StudioError {
  return new StudioError(data.code, data.message, data)
}
