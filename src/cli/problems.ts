import { inputError, isInputError, type Problem } from '../util/errors.ts'

/** Gathers the problems of several inputs, so that the person sees them all at once. */
export class Problems {
  readonly #found: Problem[] = []

  add(message: string, fix?: string): void {
    this.#found.push({ message, fix })
  }

  /** The value, or undefined after an input error whose problems were taken in. Other errors pass through. */
  async collect<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!isInputError(error)) throw error
      this.#found.push(...(error.problems ?? [{ message: error.message, fix: error.hint }]))
      return undefined
    }
  }

  /** @throws input/… with every problem; returns when there is none */
  refuse(code: string): void {
    if (this.#found.length > 0) throw inputError(code, this.#found)
  }
}
