import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './build.mjs'

/** The lock file fixes versions and hashes; where packages come from is each machine's own setting. */
test('package-lock.json names no download address', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string; integrity?: string }>
  }
  const addressed = Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)
  expect(addressed.map(([name]) => name)).toEqual([])
  const unchecked = Object.entries(packages).filter(([name, { integrity }]) => name !== '' && !integrity)
  expect(unchecked.map(([name]) => name)).toEqual([])
})
