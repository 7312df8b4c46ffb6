import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { en } from './en/index.ts'

const app = fileURLToPath(new URL('..', import.meta.url))

const code = readdirSync(app, { recursive: true, withFileTypes: true })
  .filter(({ name, parentPath }) => /\.tsx?$/.test(name) && !parentPath.includes('i18n'))
  .map(({ name, parentPath }) => readFileSync(join(parentPath, name), 'utf8'))
  .join('\n')

/** Beginnings of keys that are put together: t(`runs.columns.${key}`). */
const begun = [...code.matchAll(/`([\w.-]+\.)\$\{/g)].map(([, start]) => start)

/** Every text by its whole key, as `t` is asked for it: a form for one, or for many, is asked for without its ending. */
function keysOf(texts: object, path = ''): string[] {
  return Object.entries(texts).flatMap(([name, text]) =>
    typeof text === 'object' && !Array.isArray(text)
      ? keysOf(text, `${path}${name}.`)
      : `${path}${name}`.replace(/_(one|other)$/, ''),
  )
}

test('every text is shown somewhere', () => {
  const isUsed = (key: string) => code.includes(`'${key}'`) || begun.some((start) => key.startsWith(start))
  expect(keysOf(en).filter((key) => !isUsed(key))).toEqual([])
})
