import { defineConfig } from '@playwright/test'
import { browserEnv, findBrowser } from './scripts/browser.mjs'
import { chromiumArgs } from './scripts/chromium-args.mjs'

const full = process.env.NIBBLE_FULL === '1'
const report = process.env.PLAYWRIGHT_JSON_OUTPUT_FILE

/** Each run has a port of its own; the workers, which read this file too, get the parent's. */
process.env.NIBBLE_E2E_PORT ??= String(20_000 + Math.floor(Math.random() * 20_000))
const url = `http://127.0.0.1:${process.env.NIBBLE_E2E_PORT}/`

export default defineConfig({
  testDir: 'e2e',
  testMatch: full ? '**/*.spec.ts' : /^(?!.*\.full\.spec\.ts$).*\.spec\.ts$/,
  outputDir: '.cache/e2e',
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  timeout: full ? 1_800_000 : 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ...(report ? [['json', { outputFile: report }] as const] : [])],
  use: {
    baseURL: url,
    headless: true,
    launchOptions: { executablePath: findBrowser(), args: chromiumArgs('software'), env: browserEnv() },
    video: 'off',
    screenshot: 'only-on-failure',
    // Recording every test doubled the lane; `npx playwright test e2e/x.spec.ts --trace on` records one that is looked into.
    trace: 'off',
    acceptDownloads: true,
  },
  webServer: {
    command: 'node scripts/start.mjs',
    env: { PORT: process.env.NIBBLE_E2E_PORT, CI: '1' },
    url,
    reuseExistingServer: false,
    timeout: 120_000,
  },
})
