/**
 * The import directions: which folder may import which, and why. One direction, no way back: the engine never knows that
 * a screen exists, the app never touches a GPU buffer. `npm run lint:rules` writes them into biome.json.
 */

/**
 * Layers of src/, and app/. `mayImport` lists the next layers down; what those may import may be imported too (but not by
 * app/, which sees exactly what it lists). Every folder may import util/ and itself.
 * @type {Record<string, { does: string, mayImport: string[] }>}
 */
export const layers = {
  util: { does: 'is under everything and knows nothing of it', mayImport: [] },
  numbers: { does: 'is pure functions on numbers', mayImport: [] },
  config: { does: 'describes runs, for the engine and for forms alike', mayImport: ['numbers'] },
  reference: {
    does: 'is the oracle of the kernels, so it shares no code with what it checks',
    mayImport: ['numbers'],
  },
  formats: { does: 'turns bytes into named arrays and back, whatever they are used for', mayImport: [] },
  data: { does: 'ends at batches of tokens', mayImport: ['formats', 'config'] },
  quant: { does: 'is arithmetic on blocks of weights', mayImport: ['numbers'] },
  graph: { does: 'records and plans in plain data, whatever the ops and whatever the device', mayImport: [] },
  gpu: { does: 'realises any plan, and knows no op and no model', mayImport: ['graph'] },
  ops: { does: 'declares operations, and knows no model and no device', mayImport: ['graph', 'quant'] },
  model: { does: 'records decoders, whatever trains or runs them', mayImport: ['ops', 'quant', 'formats'] },
  optim: { does: 'updates any parameters, whatever model they are of', mayImport: ['ops', 'config'] },
  train: {
    does: 'gets its device and its storage from outside',
    mayImport: ['model', 'optim', 'data', 'config'],
  },
  generate: { does: 'gets its device from outside', mayImport: ['model', 'optim'] },
  verify: {
    does: 'holds a device against the reference, in the tests and in the page, and so is the one layer that sees both',
    mayImport: ['train', 'generate', 'reference'],
  },
  session: {
    does: 'gets its device and its storage from outside',
    mayImport: ['train', 'generate', 'verify', 'data', 'formats'],
  },
  host: { does: 'puts the engine together with a real machine', mayImport: ['session', 'gpu', 'scripts'] },
  cli: { does: 'is the terminal’s face of the engine', mayImport: ['host', 'session', 'scripts'] },
  app: {
    does: 'is the screen, and speaks to the engine through session only',
    mayImport: ['session', 'config', 'numbers'],
  },
}

/** Tests put layers together to check them; nothing of them is shipped. */
export const exempt = ['**/*.test.ts', '**/*.test.tsx', '**/testing/**']

/** The oracle: imported only by a layer that lists it, never through one, so that nothing else computes with it. */
const ONLY_LISTED = ['reference']

/** Of the machine's packages, what the page may use itself: it keeps the history of runs where the engine has no part in it. */
const PAGE_PACKAGES = ['idb-keyval']

/** Folders that meet a real machine. */
const MACHINE_LAYERS = ['host', 'cli']

/** What only host/ and cli/ may name, so that the engine runs the same in a page, in a worker and in Node. */
const MACHINE_PACKAGES = [
  'node:*',
  'node:*/**',
  'fs',
  'path',
  'os',
  'webgpu',
  'playwright',
  '@playwright/**',
  'idb-keyval',
]
const MACHINE_GLOBALS = ['navigator', 'document', 'window', 'indexedDB', 'localStorage', 'process', 'Buffer']

/** What only app/ may name. */
const SCREEN_PACKAGES = [
  'react',
  'react/**',
  'react-dom',
  'react-dom/**',
  '@mantine/**',
  '@tabler/**',
  'zustand',
  'zustand/**',
]

/**
 * Every folder a layer may import, itself and util/ included.
 * @param {string} layer
 * @returns {Set<string>}
 */
export function importable(layer) {
  const reached = new Set([layer, 'util'])
  const visit = (/** @type {string} */ name) => {
    for (const next of layers[name]?.mayImport ?? []) {
      if (reached.has(next) || (ONLY_LISTED.includes(next) && name !== layer)) continue
      reached.add(next)
      if (layer !== 'app') visit(next)
    }
  }
  visit(layer)
  return reached
}

/** The biome.json overrides that enforce the table. */
export function importOverrides() {
  return [
    ...Object.keys(layers).map(overrideOf),
    {
      includes: [...exempt],
      linter: { rules: { style: { noRestrictedImports: 'off', noRestrictedGlobals: 'off' } } },
    },
  ]
}

/** @param {string} layer */
function overrideOf(layer) {
  const meetsMachine = MACHINE_LAYERS.includes(layer)
  const isApp = layer === 'app'
  const allowed = importable(layer)
  const others = [...Object.keys(layers), 'scripts'].filter((other) => !allowed.has(other))
  const patterns = others.map((other) => ({
    group: pathsTo(other, isApp),
    message: `${reason(layer)} It may not import ${folder(other)}.`,
  }))
  const packages = isApp
    ? MACHINE_PACKAGES.filter((name) => !PAGE_PACKAGES.includes(name))
    : [...(meetsMachine ? [] : MACHINE_PACKAGES), ...SCREEN_PACKAGES]
  patterns.push({
    group: packages,
    message: `${reason(layer)} Of packages, the machine’s belong to src/host and src/cli, the screen’s to app.`,
  })
  const style = {
    noRestrictedImports: { level: 'error', options: { patterns } },
    ...(isApp || meetsMachine
      ? {}
      : { noRestrictedGlobals: { level: 'error', options: { deniedGlobals: deniedGlobals() } } }),
  }
  return { includes: [`${folder(layer)}/**`], linter: { rules: { style } } }
}

/** @param {string} layer */
function reason(layer) {
  const below = [...importable(layer)].filter((other) => other !== layer)
  const may = below.length > 0 ? ` and may import ${below.join(', ')}` : ''
  return `${folder(layer)} ${layers[layer].does}${may} (scripts/import-rules.mjs).`
}

/** @param {string} layer */
function folder(layer) {
  return layer === 'app' || layer === 'scripts' ? layer : `src/${layer}`
}

/**
 * The relative paths by which a folder is reached from files up to three folders deep. From src/ a sibling layer is
 * `../layer/`; from app/ it is `…/src/layer/`.
 * @param {string} layer
 * @param {boolean} fromApp
 */
function pathsTo(layer, fromApp) {
  if (fromApp)
    return [`**/src/${layer}/**`].concat(
      layer === 'scripts' ? ['../scripts/**', '../../scripts/**', '../../../scripts/**'] : [],
    )
  const up = ['..', '../..', '../../..', '../../../..']
  const outside = layer === 'app' || layer === 'scripts'
  return outside
    ? up.slice(1).map((path) => `${path}/${layer}/**`)
    : [...up.slice(0, 3).map((path) => `${path}/${layer}/**`), `**/src/${layer}/**`]
}

function deniedGlobals() {
  return Object.fromEntries(
    MACHINE_GLOBALS.map((name) => [
      name,
      'Only src/host and src/cli meet a real machine; get this from outside.',
    ]),
  )
}
