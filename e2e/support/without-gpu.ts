import { browserEnv, findBrowser } from '../../scripts/browser.mjs'

/** For pages with a scripted engine: a software GPU would only slow the drawing down. */
export const withoutGpu = {
  launchOptions: {
    executablePath: findBrowser(),
    args: ['--no-sandbox', '--disable-gpu'],
    env: browserEnv(),
  },
}
