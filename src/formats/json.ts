import { type FileProblem, fileError } from './file-error.ts'

export type JsonObject = Record<string, unknown>

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value as it should stand in an error message: JSON, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/**
 * Parses a file that must hold one JSON object.
 * @throws input/<code> that names the file
 */
export function parseJsonObject(text: string, fileName: string, code: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw fileError(code, [
      {
        message: `${fileName} is not valid JSON: ${(cause as Error).message}`,
        fix: 'download the file again',
      },
    ])
  }
  if (isJsonObject(value)) return value
  throw fileError(code, [
    { message: `${fileName} must hold a JSON object, found ${shown(value)}`, fix: 'download the file again' },
  ])
}

/** Keys that occur twice in one object of a valid JSON text (JSON.parse silently keeps the last). */
export function duplicateKeys(json: string): string[] {
  const duplicates: string[] = []
  const open: Set<string>[] = []
  for (let at = 0; at < json.length; at++) {
    const character = json[at]
    if (character === '{') open.push(new Set())
    else if (character === '}') open.pop()
    else if (character === '"') {
      const start = at++
      while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
      let after = at + 1
      while (' \t\n\r'.includes(json[after] ?? '.')) after++
      if (json[after] !== ':') continue
      const key = JSON.parse(json.slice(start, at + 1)) as string
      const keys = open.at(-1)
      if (keys?.has(key)) duplicates.push(key)
      keys?.add(key)
    }
  }
  return duplicates
}

interface NumberRange {
  min?: number
  max?: number
  /** Used when the field is missing or null; without it the field is required. */
  fallback?: number
}

/** Reads the fields of a JSON object and collects every problem, each naming the file and the field. */
export class JsonFields {
  readonly object: JsonObject
  readonly fileName: string
  readonly problems: FileProblem[]
  readonly #fix: string
  readonly #path: string

  /** @param fix what to do about a field where nothing better is known */
  constructor(
    object: JsonObject,
    fileName: string,
    fix = `correct the field, or take ${fileName} from the model again`,
    problems: FileProblem[] = [],
    path = '',
  ) {
    this.object = object
    this.fileName = fileName
    this.problems = problems
    this.#fix = fix
    this.#path = path
  }

  has(name: string): boolean {
    return this.object[name] !== undefined && this.object[name] !== null
  }

  fail(name: string, what: string, fix = this.#fix): void {
    this.problems.push({ message: `${this.fileName}: "${this.#path}${name}" ${what}`, fix })
  }

  /** A number; NaN after a reported problem. */
  number(name: string, range: NumberRange = {}, integer = false): number {
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, fallback } = range
    const value = this.object[name]
    if (value === undefined || value === null) {
      if (fallback !== undefined) return fallback
      this.fail(name, 'is missing', `add the field; a complete ${this.fileName} comes with the model`)
      return Number.NaN
    }
    const ok =
      typeof value === 'number' && (!integer || Number.isSafeInteger(value)) && value >= min && value <= max
    if (ok) return value
    const kind = integer ? 'an integer' : 'a number'
    const bounds = Number.isFinite(max)
      ? ` from ${min} to ${max}`
      : Number.isFinite(min)
        ? ` of at least ${min}`
        : ''
    this.fail(name, `must be ${kind}${bounds}, found ${shown(value)}`)
    return Number.NaN
  }

  integer(name: string, range: NumberRange = {}): number {
    return this.number(name, range, true)
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.object[name] ?? fallback
    if (typeof value === 'boolean') return value
    this.fail(name, `must be true or false, found ${shown(value)}`)
    return fallback
  }

  /** A string; null when the field is missing. */
  string(name: string): string | null {
    const value = this.object[name] ?? null
    if (value === null || typeof value === 'string') return value
    this.fail(name, `must be a string, found ${shown(value)}`)
    return null
  }

  /** The fields of an object inside this one; null when the field is missing. */
  nested(name: string): JsonFields | null {
    const value = this.object[name] ?? null
    if (value === null) return null
    if (isJsonObject(value))
      return new JsonFields(value, this.fileName, this.#fix, this.problems, `${this.#path}${name}.`)
    this.fail(name, `must be an object, found ${shown(value)}`)
    return null
  }
}
