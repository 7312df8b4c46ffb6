import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { browserEnv, findBrowser, type Machine } from './browser.mjs'

/** A machine on which only the named programs start. */
function machine(programs: string[], more: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    env: { PATH: '/opt/bin:/usr/bin' },
    runs: (path) => programs.includes(path),
    playwrightChromium: () => '/cache/ms-playwright/chromium/chrome',
    ...more,
  }
}

describe('findBrowser', () => {
  test('takes CHROME_PATH before anything else', () => {
    const env = { CHROME_PATH: '/mine/chrome' }
    expect(findBrowser(machine(['/mine/chrome', '/cache/ms-playwright/chromium/chrome'], { env }))).toBe(
      '/mine/chrome',
    )
  })

  test('says so when CHROME_PATH does not start', () => {
    expect(() => findBrowser(machine(['/usr/bin/chromium'], { env: { CHROME_PATH: '/gone' } }))).toThrow(
      'CHROME_PATH is /gone, which does not start',
    )
  })

  test('prefers the Chromium of Playwright, then the system in order of names', () => {
    const both = ['/usr/bin/google-chrome', '/usr/bin/chromium']
    expect(findBrowser(machine([...both, '/cache/ms-playwright/chromium/chrome']))).toBe(
      '/cache/ms-playwright/chromium/chrome',
    )
    expect(findBrowser(machine(both))).toBe('/usr/bin/chromium')
    expect(findBrowser(machine(['/opt/bin/google-chrome']))).toBe('/opt/bin/google-chrome')
  })

  test('passes over a program that is there but does not start', () => {
    const runs = vi.fn((path: string) => path === '/usr/bin/google-chrome')
    expect(findBrowser(machine([], { runs }))).toBe('/usr/bin/google-chrome')
    expect(runs).toHaveBeenCalledWith('/usr/bin/chromium-browser')
  })

  test('knows where macOS and Windows keep Chrome', () => {
    const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
    expect(findBrowser(machine([mac], { platform: 'darwin', env: {} }))).toBe(mac)
    const windows = 'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'
    expect(
      findBrowser(machine([windows], { platform: 'win32', env: { PROGRAMFILES: 'C:\\Program Files' } })),
    ).toBe(windows)
  })

  test('finds nothing on a bare machine', () => {
    expect(findBrowser(machine([], { playwrightChromium: () => undefined }))).toBeUndefined()
  })
})

describe('browserEnv', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('keeps a home folder that can be written to', () => {
    const home = mkdtempSync(join(tmpdir(), 'nibble-test-home-'))
    vi.stubEnv('HOME', home)
    expect(browserEnv().HOME).toBe(home)
  })

  test.skipIf(process.platform === 'win32')('gives a browser a home where there is none', () => {
    vi.stubEnv('HOME', '/nonexistent/home')
    expect(statSync(browserEnv().HOME).isDirectory()).toBe(true)
  })
})
