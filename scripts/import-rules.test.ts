import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from './build.mjs'
import { importable, importOverrides, layers } from './import-rules.mjs'

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome')

/** Each is a file of its own, with what the linter must say of it. */
const refused = {
  'src/graph/value.ts': ["import { decoder } from '../model/decoder.ts'", 'It may not import src/model'],
  'src/graph/type.ts': ["import type { Decoder } from '../model/decoder.ts'", 'It may not import src/model'],
  'src/graph/re-export.ts': ["export { decoder } from '../model/decoder.ts'", 'It may not import src/model'],
  'src/graph/dynamic.ts': [
    "export const later = import('../model/decoder.ts')",
    'It may not import src/model',
  ],
  'src/graph/inline.ts': ["export let d: import('../model/decoder.ts').Decoder", 'Import types at the top'],
  'src/graph/deep/er.ts': ["import '../../model/decoder.ts'", 'It may not import src/model'],
  'src/graph/around.ts': ["import '../../src/model/decoder.ts'", 'It may not import src/model'],
  'src/train/upward.ts': [
    "import type { Engine } from '../session/engine.ts'",
    'It may not import src/session',
  ],
  'src/session/screen.ts': ["import { App } from '../../app/App.tsx'", 'It may not import app'],
  'src/session/react.ts': ["import { useState } from 'react'", 'the screen’s to app'],
  'src/ops/node.ts': ["import { readFileSync } from 'node:fs'", 'the machine’s belong to src/host'],
  'src/optim/oracle.ts': ["import { adamw } from '../reference/adamw.ts'", 'It may not import src/reference'],
  'src/session/oracle.ts': [
    "import { adamw } from '../reference/adamw.ts'",
    'It may not import src/reference',
  ],
  'src/gpu/globals.ts': ['export const gpu = navigator.gpu', 'Do not use the global variable navigator'],
  'app/buffers.ts': ["import type { Buffers } from '../src/gpu/buffers.ts'", 'It may not import src/gpu'],
  'app/features/train/plan.tsx': ["import '../../../src/graph/plan.ts'", 'It may not import src/graph'],
}

const allowed = {
  'src/graph/below.ts': "import { inputError } from '../util/errors.ts'",
  'src/graph/own.ts': "import { tensor } from './model/tensor.ts'",
  'src/graph/plan/own.ts': "import { tensor } from '../tensor.ts'",
  'src/model/next.ts': "import type { Op } from '../ops/op.ts'",
  'src/model/further.ts': "import type { Tensor } from '../graph/tensor.ts'",
  'src/model/shader.ts': "import source from '../../shaders/rmsnorm_forward.wgsl?raw'",
  'src/model/package.ts': "export let source: import('some-package').Source",
  'src/verify/oracle.ts': "import { adamw } from '../reference/adamw.ts'",
  'src/host/node.ts': "import { create } from 'webgpu'",
  'src/ops/harness.gpu.test.ts': "import { device } from '../gpu/device.ts'",
  'app/features/train/form.tsx': "import { schema } from '../../../src/config/schema.ts'",
  'app/engine.ts': "import type { Engine } from '../src/session/engine.ts'",
}

let folder = ''
let output = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nibble-lint-'))
  cpSync(join(root, 'biome.json'), join(folder, 'biome.json'))
  cpSync(join(root, 'scripts/lint'), join(folder, 'scripts/lint'), { recursive: true })
  const sources = {
    ...allowed,
    ...Object.fromEntries(Object.entries(refused).map(([path, [source]]) => [path, source])),
  }
  for (const [path, source] of Object.entries(sources)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), `${source}\n`)
  }
  output = await lint(folder)
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the linter', () => {
  test.for(Object.entries(refused))('refuses %s', ([path, [, message]]) => {
    expect(complaintsAbout(path)).toContain(message)
  })

  test.for(Object.keys(allowed))('lets %s pass', (path) => {
    expect(complaintsAbout(path)).toBe('')
  })

  test('gives the reason, and where the table stands', () => {
    expect(complaintsAbout('src/graph/type.ts')).toContain(
      'records and plans in plain data, whatever the ops and whatever the device and may import util (scripts/import-rules.mjs)',
    )
  })
})

test('biome.json is in step with the table (npm run lint:rules writes it)', () => {
  expect(JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')).overrides).toEqual(importOverrides())
})

test('every folder of src/ stands in the table', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  const strangers = folders.map(({ name }) => name).filter((name) => !(name in layers) && name !== 'testing')
  expect(strangers).toEqual([])
})

test('the directions have no cycle', () => {
  const cycles = Object.keys(layers).filter((layer) =>
    layers[layer].mayImport.some((next) => importable(next).has(layer)),
  )
  expect(cycles).toEqual([])
})

/** What the linter says about one file's imports and globals. */
function complaintsAbout(path: string) {
  const report = JSON.parse(output) as {
    diagnostics: { category: string; message: string; location: { path: string } }[]
  }
  return report.diagnostics
    .filter(({ location, category }) => location.path === path && /noRestricted|plugin/.test(category))
    .map(({ message }) => message)
    .join('\n')
}

function lint(cwd: string): Promise<string> {
  const args = [biome, 'lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none']
  return new Promise((resolve) => {
    execFile(process.execPath, [...args, '.'], { cwd }, (_, stdout) => resolve(stdout))
  })
}
