/**
 * node bench/paging-in-page.mjs [--steps N] > bench/results/NAME.json
 *
 * Trains the embedded model in the studio itself, with the moments paged into the browser's IndexedDB at GPU budgets of
 * 100, 50, 10 and 0 % and none in host memory. All figures but the store's own speed are what the page's metrics say.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { browserEnv, ensureBrowser } from '../scripts/browser.mjs'
import { app, ensureBuilt, root } from '../scripts/build.mjs'
import { adapterChoice, chromiumArgs } from '../scripts/chromium-args.mjs'
import { serveFolder } from '../scripts/static-server.mjs'

const GPU_SHARES = [1, 0.5, 0.1, 0]
/** The first two fill the tiers, the last is followed by the checkpoint of the end. */
const LEFT_OUT = 2
const RANK = 64
const LIMIT_MS = 20 * 60_000

const asked = process.argv.indexOf('--steps')
const steps = asked > 0 ? Number(process.argv[asked + 1]) : 8

await ensureBuilt(app)
const server = await serveFolder({ folder: join(root, 'dist') })
const profile = mkdtempSync(join(tmpdir(), 'nibble-bench-'))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: ensureBrowser(),
  args: chromiumArgs(adapterChoice(process.env)),
  env: browserEnv(),
})
try {
  const page = await browser.newPage()
  page.setDefaultTimeout(LIMIT_MS)
  await page.addInitScript(keepEvents)
  await page.goto(`${server.url}#/device`)
  await page.getByText(/^All \d+ checks passed/).waitFor()
  const results = []
  const momentsBytes = (await runWith(page, null)).momentsOnGpuBytes
  for (const gpuShare of GPU_SHARES) {
    const result = await runWith(page, Math.floor(momentsBytes * gpuShare))
    const store =
      result.pageBytes && result.pages !== result.pagesOnGpu
        ? await storeSpeeds(page, result.pageBytes)
        : null
    results.push({ gpuShare, momentsBytes, ...result, ...store })
    console.error(JSON.stringify(results.at(-1)))
  }
  const adapter = await page.evaluate(async () => {
    const found = await navigator.gpu.requestAdapter()
    const { vendor, architecture, device, description } = /** @type {GPUAdapter} */ (found).info
    return { vendor, architecture, device, description }
  })
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const versions = { chromium: browser.browser()?.version(), studio: version }
  console.log(JSON.stringify({ adapter, versions, results }, null, 2))
} finally {
  await browser.close()
  await server.close()
  rmSync(profile, { recursive: true, force: true })
}

/**
 * One run from the recipe to its end. `gpuBudgetBytes` null: all moments stay on the GPU.
 * @param {import('playwright').Page} page
 * @param {number | null} gpuBudgetBytes
 */
async function runWith(page, gpuBudgetBytes) {
  const recipe = {
    lora: { rank: RANK, alpha: RANK },
    data: { maxSeqLength: 64, packing: false },
    train: { maxSteps: steps + LEFT_OUT, batchSize: 2, gradAccumSteps: 1, gradientCheckpointing: false },
    optimizer: { paging: { gpuBudgetBytes, hostBudgetBytes: 0 } },
  }
  await page.goto('about:blank')
  await page.goto(`${server.url}#/train`)
  await page.locator('input[type=file][accept*=json]').setInputFiles({
    name: 'RUN.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(recipe)),
  })
  await page.getByLabel('How often').selectOption('Never')
  await page.getByRole('button', { name: /^Start training/ }).click()
  await page.getByRole('heading', { name: /^Done/ }).waitFor()
  const { started, metrics, paging } = await page.evaluate(
    () => /** @type {Kept} */ (/** @type {any} */ (window).kept),
  )
  const timed = metrics.slice(LEFT_OUT)
  /** @param {string} name */
  const mean = (name) => timed.reduce((sum, step) => sum + (step[name] ?? 0), 0) / timed.length
  return {
    momentsOnGpuBytes: started.plannedBytes.optimizer,
    pageBytes: paging?.pageBytes ?? null,
    pages: paging?.residency.length ?? null,
    pagesOnGpu: paging?.residency.filter((tier) => tier === 'gpu').length ?? null,
    stepMs: mean('speed/step_ms'),
    stallMs: mean('paging/stall_ms'),
    hitRate: paging && mean('paging/hit_rate'),
    bytesToGpu: mean('paging/bytes_to_gpu'),
    bytesFromGpu: mean('paging/bytes_from_gpu'),
    bytesToStore: mean('paging/bytes_to_store'),
    bytesFromStore: mean('paging/bytes_from_store'),
    steps: timed.length,
  }
}

/**
 * @typedef {object} Kept what the worker has told of the run
 * @property {{ plannedBytes: { optimizer: number } }} started
 * @property {Record<string, number>[]} metrics of each step
 * @property {{ pageBytes: number, residency: string[] } | null} paging
 */

/** Runs in the page, before the studio: keeps what comes from the engine's worker. */
function keepEvents() {
  const Real = Worker
  /** @type {any} */
  const kept = { started: null, metrics: [], paging: null }
  Object.assign(window, {
    kept,
    Worker: class extends Real {
      /**
       * @param {string | URL} url
       * @param {WorkerOptions} [options]
       */
      constructor(url, options) {
        super(url, options)
        this.addEventListener('message', ({ data: { event } }) => {
          if (event?.type === 'run/started') kept.started = event
          if (event?.type === 'run/step') kept.metrics.push(event.step.metrics)
          if (event?.type === 'paging/state') kept.paging = event.paging
        })
      }
    },
  })
}

/**
 * Of IndexedDB alone: Blobs of a page's size, one after the other, each on the disk before the next.
 * @param {import('playwright').Page} page
 * @param {number} bytes
 */
function storeSpeeds(page, bytes) {
  return page.evaluate(async (size) => {
    const COUNT = 8
    /**
     * @template T
     * @param {IDBRequest<T>} request
     * @returns {Promise<T>}
     */
    const settled = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const opening = indexedDB.open('speed')
    opening.onupgradeneeded = () => opening.result.createObjectStore('pages')
    const database = await settled(opening)
    const bytes = new Uint8Array(size).map((_, i) => i)
    /** @param {(place: number) => Promise<unknown>} use */
    const speed = async (use) => {
      const from = performance.now()
      for (let place = 0; place < COUNT; place++) await use(place)
      return (COUNT * size) / 1000 / (performance.now() - from)
    }
    const storePutMBps = await speed(
      (place) =>
        new Promise((resolve, reject) => {
          const transaction = database.transaction('pages', 'readwrite', { durability: 'strict' })
          transaction.objectStore('pages').put(new Blob([bytes]), place)
          transaction.oncomplete = resolve
          transaction.onerror = () => reject(transaction.error)
        }),
    )
    const storeGetMBps = await speed(async (place) => {
      /** @type {Blob} */
      const blob = await settled(database.transaction('pages').objectStore('pages').get(place))
      await blob.arrayBuffer()
    })
    database.close()
    indexedDB.deleteDatabase('speed')
    return { storePutMBps, storeGetMBps }
  }, bytes)
}
