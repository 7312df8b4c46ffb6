import { mkdtempSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type BrowserContext, type CDPSession, chromium, type Page } from '@playwright/test'
import { browserEnv, findBrowser } from '../../scripts/browser.mjs'
import { app, ensureBuilt } from '../../scripts/build.mjs'
import { chromiumArgs } from '../../scripts/chromium-args.mjs'
import { connect } from '../../src/cli/chromium/chromium-engine.ts'
import { type ExchangeServer, startExchangeServer } from '../../src/cli/chromium/exchange-server.ts'
import { parseRunConfig } from '../../src/config/parse.ts'
import type { RunConfig } from '../../src/config/schema.ts'
import type { Engine } from '../../src/session/engine.ts'
import { goldenCase, runConfigOf, writeDataset } from '../golden/support/cases.ts'

export const storage = { kind: 'browser' } as const

export interface HeadlessRuns {
  browser: KillableBrowser
  config: RunConfig
  /** An engine in a new page of the browser, with the golden model and its rows opened; the page before it is closed. */
  open(): Promise<Engine>
  /** The engine of the first page, whose run nothing has disturbed. */
  unbroken: Engine
  /** The adapter, or the weights, that its run left. */
  whole: Uint8Array
}

/**
 * Small runs in a real page on IndexedDB: every page of the moments goes through it, and every step is saved. `work`
 * gets what it needs; all is closed and deleted afterwards.
 */
export async function withHeadlessRuns<T>(
  maxSteps: number,
  work: (runs: HeadlessRuns) => Promise<T>,
  name = 'tiny-llama/qlora',
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'nibble-headless-'))
  const server = await startExchangeServer(await ensureBuilt(app))
  const browser = new KillableBrowser(join(folder, 'profile'), server)
  try {
    const golden = goldenCase(name)
    const rows = join(folder, 'rows.jsonl')
    writeDataset(rows, golden)
    const base = runConfigOf(golden)
    const config = parseRunConfig({
      ...base,
      ...(golden.expected.method !== 'full' && { lora: { ...base.lora, dropout: 0.1 } }),
      train: { ...base.train, maxSteps, saveEvery: 1 },
      optimizer: { ...base.optimizer, paging: { gpuBudgetBytes: 0, hostBudgetBytes: 0 } },
    })
    const file = (path: string) => ({ kind: 'url' as const, name: basename(path), url: server.offer(path) })
    const model = ['config.json', 'model.safetensors'].map((name) => file(join(golden.modelDir, name)))
    const data = file(rows)
    const open = async () => {
      const engine = await browser.engine()
      await engine.execute('model/open', { name: basename(golden.modelDir), files: model })
      await engine.execute('dataset/open', { file: data, config })
      return engine
    }
    const unbroken = await open()
    await unbroken.execute('run/start', { config })
    return await work({ browser, config, open, unbroken, whole: await resultOf(unbroken) })
  } finally {
    await browser.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Bytes of what a run has learned: adapter_model.safetensors, or of a full fine-tuning model.safetensors. */
export async function resultOf(engine: Engine): Promise<Uint8Array> {
  const files = await engine.execute('run/export', {})
  const result = files.find(({ path }) => path.endsWith('.safetensors'))
  if (!result) throw new Error('the run gave no tensors')
  return result.bytes
}

/** The page goes as a tab is closed, as its process crashes, or with the whole browser (SIGKILL). */
export const WAYS = ['close', 'crash', 'browser'] as const
export type Way = (typeof WAYS)[number]

/** One browser profile; whatever is killed of it is there again when it is asked for. */
export class KillableBrowser {
  private context: BrowserContext | null = null
  private page: Page | null = null
  /** The limit goes with the session that set it. */
  private limiter: { page: Page; session: CDPSession } | null = null

  constructor(
    private readonly profile: string,
    private readonly server: ExchangeServer,
  ) {}

  async engine(): Promise<Engine> {
    const context = await this.opened()
    await this.page?.close()
    this.page = await context.newPage()
    return connect(this.page, this.server, { note: () => {} } as never, () => false)
  }

  async kill(way: Way, waitMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    const { page, context } = this
    if (!page || !context) return
    if (way === 'close') await page.close()
    if (way === 'crash') {
      const session = await context.newCDPSession(page)
      // It never answers.
      session.send('Page.crash').catch(() => {})
      await page.waitForEvent('crash')
      await page.close().catch(() => {})
    }
    if (way === 'browser') {
      // Chromium names its process in the profile that it has locked.
      const pid = Number(readlinkSync(join(this.profile, 'SingletonLock')).split('-').at(-1))
      const gone = context.waitForEvent('close')
      process.kill(pid, 'SIGKILL')
      await gone
      this.context = null
    }
    this.page = null
  }

  /** The step of the checkpoint in IndexedDB, and how many entries there are of later steps. */
  async stored(): Promise<{ saved: number; newer: number }> {
    const page = await (await this.opened()).newPage()
    await page.goto(this.server.pageUrl('headless.html'))
    const found = await page.evaluate(async () => {
      const done = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result)
          request.onerror = () => reject(request.error)
        })
      const database = await done(indexedDB.open('nibble-pages'))
      if (!database.objectStoreNames.contains('pages')) return { saved: 0, newer: 0 }
      const entries = database.transaction('pages').objectStore('pages')
      const keys = (await done(entries.getAllKeys())) as string[]
      const manifest = keys.find((key) => key.endsWith('/checkpoint.json'))
      const blob: Blob | null = manifest
        ? await done(database.transaction('pages').objectStore('pages').get(manifest))
        : null
      const saved: number = blob ? JSON.parse(await blob.text()).step : 0
      const steps = keys.map((key) => Number(/\.(\d+)$/.exec(key)?.[1] ?? 0))
      return { saved, newer: steps.filter((step) => step > saved).length }
    })
    await page.close()
    return found
  }

  /** Ends the browser's GPU process, as a driver that is reset does: every page loses its device. */
  async crashGpu(): Promise<void> {
    const { page, context } = this
    if (!page || !context) throw new Error('no page is open')
    const session = await context.newCDPSession(page)
    await session.send('Browser.crashGpuProcess')
    await session.detach()
  }

  /**
   * Sets how many bytes the page that is open may keep in all; null: as much as the browser lets it. It holds as long as
   * the page does, and a browser that has just looked how much is left may go by that for half a minute.
   */
  async limitStorage(quotaSize: number | null): Promise<void> {
    const { page, context } = this
    if (!page || !context) throw new Error('no page is open')
    if (this.limiter?.page !== page) this.limiter = { page, session: await context.newCDPSession(page) }
    const { origin } = new URL(page.url())
    await this.limiter.session.send('Storage.overrideQuotaForOrigin', {
      origin,
      ...(quotaSize !== null && { quotaSize }),
    })
  }

  /** Bytes that the page's storage takes. */
  async storageUsed(): Promise<number> {
    const { page, context } = this
    if (!page || !context) throw new Error('no page is open')
    const session = await context.newCDPSession(page)
    const { usage } = await session.send('Storage.getUsageAndQuota', { origin: new URL(page.url()).origin })
    await session.detach()
    return usage
  }

  async close(): Promise<void> {
    await this.context?.close()
    this.context = null
    this.page = null
  }

  private async opened(): Promise<BrowserContext> {
    this.context ??= await chromium.launchPersistentContext(this.profile, {
      executablePath: findBrowser(),
      args: chromiumArgs('software'),
      env: browserEnv(),
      headless: true,
    })
    return this.context
  }
}
