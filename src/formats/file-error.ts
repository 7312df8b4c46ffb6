import { inputError, type Problem, type StudioError } from '../util/errors.ts'

/** What is wrong with a file. Whoever dropped it wants to know what to do, so here the fix is never left out. */
export interface FileProblem extends Problem {
  fix: string
}

/** `input/<code>` with every problem of a file or folder. */
export const fileError = (code: string, problems: FileProblem[]): StudioError => inputError(code, problems)
