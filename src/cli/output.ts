import { writeSync } from 'node:fs'
import { isInputError, StudioError } from '../util/errors.ts'
import { usageOf } from './arguments.ts'
import { toJson } from './json.ts'

/** What a command says: progress on standard error, and one answer on standard output. */
export interface CommandOutput {
  /** A line of progress on standard error. */
  note(line: string): void
  /** Progress that the next one of the same `topic` replaces; on a file it appears at most every second. */
  progress(topic: string, line: string): void
  /** The answer: the JSON document with --json, else the summary for people. Once per command. */
  answer(document: unknown, summary: string): void
}

const LEAST_MS_BETWEEN_LINES = 1000

export function terminalOutput(json: boolean, terminal = process.stderr.isTTY === true): CommandOutput {
  let openLine = false
  let topicShown = ''
  let shownAt = Number.NEGATIVE_INFINITY
  const endLine = () => {
    if (openLine) write(2, '\n')
    openLine = false
  }
  return {
    note(line) {
      endLine()
      write(2, `${line}\n`)
    },
    progress(topic, line) {
      const now = performance.now()
      const isNew = topic !== topicShown
      if (!isNew && now - shownAt < (terminal ? LEAST_MS_BETWEEN_LINES / 10 : LEAST_MS_BETWEEN_LINES)) return
      if (isNew) endLine()
      topicShown = topic
      shownAt = now
      write(2, terminal ? `\r\u001b[K${line}` : `${line}\n`)
      openLine = terminal
    },
    answer(document, summary) {
      endLine()
      write(1, `${json ? toJson(document) : summary}\n`)
    },
  }
}

/**
 * Explains what stopped a command, on standard error.
 * @returns the exit code: 2 where the person can mend their input, else 1
 */
export function report(error: unknown): 1 | 2 {
  const lines: string[] = []
  if (error instanceof StudioError) {
    const problems = error.problems ?? []
    if (problems.length > 1) lines.push(`error: ${problems.length} problems`)
    for (const { message, fix } of problems) {
      lines.push(`${problems.length > 1 ? '  - ' : 'error: '}${message}`)
      if (fix) lines.push(`${problems.length > 1 ? '    ' : '  '}fix: ${fix}`)
    }
    if (problems.length > 0 && problems.every(({ fix }) => !fix))
      lines.push(`  fix: ${generalFix(error.code)}`)
    if (problems.length === 0) {
      lines.push(`error: ${error.message}`)
      if (error.hint) lines.push(`  fix: ${error.hint}`)
    }
  } else {
    lines.push(`error: ${error instanceof Error ? error.message : String(error)}`)
  }
  const isInput = isInputError(error)
  const trace = !isInput && process.env.NIBBLE_DEBUG ? traceOf(error) : undefined
  if (trace) lines.push(trace)
  const usage = usageOf(error)
  if (usage) lines.push('', usage)
  write(2, `${lines.join('\n')}\n`)
  return isInput ? 2 : 1
}

/** Advice where a whole file is at fault, and its many problems name none of their own. */
const generalFix = (code: string) =>
  code === 'input/safetensors'
    ? 'Download the file again: it is damaged or cut short.'
    : 'Correct the input, or name another.'

function traceOf(error: unknown): string | undefined {
  if (error instanceof StudioError && typeof error.details === 'string') return error.details
  return error instanceof Error ? error.stack : undefined
}

/** Synchronous: nothing is lost when the process ends right after. A reader that has gone away is no fault of ours. */
function write(descriptor: 1 | 2, text: string): void {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      if (code !== 'EAGAIN') throw error
    }
  }
}
