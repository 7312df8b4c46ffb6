import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { browserEnv, findBrowser } from '../../../scripts/browser.mjs'
import { adapterChoice, chromiumArgs } from '../../../scripts/chromium-args.mjs'
import { attachBinary } from '../../host/binary-exchange.ts'
import type { FromPage, HeadlessWindow } from '../../host/headless-bridge.ts'
import { type FromEngine, proxyEngine, type ToEngine } from '../../session/protocol.ts'
import { errorFromData, StudioError } from '../../util/errors.ts'
import type { CommandOutput } from '../output.ts'
import type { OpenEngine } from '../runtime.ts'
import { studioRoot } from '../studio-root.ts'
import { type ExchangeServer, startExchangeServer } from './exchange-server.ts'

const START_LIMIT_MS = 60_000

/** A page that cannot load a resource says so on its console too; the engine's own error tells more. */
const RESOURCE_ERROR = /^Failed to load resource/

/**
 * The built studio's worker in a headless Chromium: the very code that people's browsers run. Any crash of the page, its
 * worker or the browser, and any error on the page's console, ends all work under way with an error.
 */
export async function openChromiumEngine(output: CommandOutput): Promise<OpenEngine> {
  const appFolder = join(studioRoot(), 'dist')
  if (!existsSync(join(appFolder, 'headless.html'))) {
    throw new StudioError('chromium/not-built', `${appFolder} holds no built studio`, {
      hint: 'Run npm run build, or use --runtime dawn.',
    })
  }
  const [server, browser] = await Promise.all([startExchangeServer(appFolder), launch()])
  let closing = false
  const close = async () => {
    closing = true
    await Promise.allSettled([browser.close(), server.close()])
  }
  try {
    const page = await browser.newPage()
    const engine = await connect(page, server, output, () => closing)
    browser.on('disconnected', () => {
      if (!closing) engine.fail(new StudioError('chromium/gone', 'Chromium ended unexpectedly'))
    })
    return {
      engine,
      reference: (path) => ({ kind: 'url', name: basename(path), url: server.offer(path) }),
      storage: (folder) => ({ kind: 'url', url: server.keep(folder) }),
      versions: { chromium: browser.version() },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function launch(): Promise<Browser> {
  const executablePath = process.env.CHROME_PATH || findBrowser()
  if (!executablePath) {
    throw new StudioError('chromium/missing', 'No Chrome or Chromium was found', {
      hint: 'Install one, name it in CHROME_PATH, or use --runtime dawn.',
    })
  }
  const { chromium } = await import('playwright')
  try {
    return await chromium.launch({
      executablePath,
      headless: true,
      args: chromiumArgs(adapterChoice()),
      env: browserEnv(),
      // main.ts decides what a signal means, and closes the browser itself.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      timeout: START_LIMIT_MS,
    })
  } catch (cause) {
    const [first] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw new StudioError('chromium/start', `${executablePath} does not start: ${first}`, {
      hint: 'Try another browser with CHROME_PATH, or use --runtime dawn.',
      cause,
    })
  }
}

type ProxyEngine = ReturnType<typeof proxyEngine>

/** Opens the headless page and gives its engine once its worker is under way. */
export async function connect(
  page: Page,
  server: ExchangeServer,
  output: CommandOutput,
  isClosing: () => boolean,
): Promise<ProxyEngine> {
  const listeners: ((message: FromEngine) => void)[] = []
  const engine = proxyEngine({
    send(message: ToEngine) {
      page
        .evaluate((sent) => (globalThis as unknown as HeadlessWindow).nibbleToEngine(sent), message)
        .catch((cause) => fail('chromium/page', `The headless page does not answer: ${firstLine(cause)}`))
    },
    onMessage: (listener) => listeners.push(listener),
  })
  let failStart: (error: StudioError) => void = () => {}
  const fail = (code: string, message: string) => {
    if (isClosing()) return
    const error = new StudioError(code, message)
    failStart(error)
    engine.fail(error)
  }

  page.on('crash', () => fail('chromium/crash', 'The headless page crashed, most likely for want of memory'))
  page.on('close', () => fail('chromium/gone', 'The headless page was closed'))
  page.on('pageerror', (error) => fail('chromium/page', `The headless page failed: ${firstLine(error)}`))
  page.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !RESOURCE_ERROR.test(text))
      fail('chromium/console', `Chromium reported an error: ${text}`)
    else if (message.type() === 'warning') output.note(`chromium: ${text}`)
  })

  const ready = new Promise<void>((resolve, reject) => {
    failStart = reject
    const receive = (message: FromPage) => {
      if (message.type === 'ready') resolve()
      else if (message.type === 'failed') {
        const error = errorFromData(message.error)
        reject(error)
        engine.fail(error)
      } else {
        const inner = message.message
        const whole =
          inner.type === 'result' ? { ...inner, result: attachBinary(inner.result, server.take) } : inner
        for (const listener of listeners) listener(whole)
      }
    }
    page
      .exposeFunction('nibbleToHost', receive)
      .then(() => page.goto(server.pageUrl('headless.html'), { timeout: START_LIMIT_MS }))
      .catch(reject)
  })
  await ready
  return engine
}

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0]
