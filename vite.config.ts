import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { sourceHash } from './scripts/build-stamp.mjs'
import { metaPolicy, securityHeaders } from './scripts/content-security-policy.mjs'

const inRoot = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The studio's page, and the page without a face that the terminal's Chromium runtime opens. */
const pages = ['index.html', 'headless.html'].map(inRoot).filter((page) => existsSync(page))

/** Only in what is built: the development server's hot reload needs a script in the page and a socket. */
const contentSecurityPolicy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: metaPolicy },
      injectTo: 'head-prepend',
    },
    { tag: 'meta', attrs: { name: 'referrer', content: 'no-referrer' }, injectTo: 'head-prepend' },
  ],
}

export default defineConfig(({ isSsrBuild }) => ({
  // Relative addresses: dist/ works under any path of any static server.
  base: './',
  plugins: [react(), contentSecurityPolicy],
  preview: { headers: securityHeaders },
  worker: { format: 'es', rolldownOptions: { checks: { pluginTimings: false } } },
  // What a verdict on a device was reached with: another engine is verified anew.
  define: { 'import.meta.env.ENGINE_BUILD': JSON.stringify(sourceHash(inRoot('.'), ['src', 'shaders'])) },
  build: isSsrBuild
    ? { target: 'node20', copyPublicDir: false, sourcemap: true }
    : {
        target: 'chrome121', // the first Chrome with everything the engine's plain variant needs
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0, // no data: addresses, so that a strict content security policy can hold
        chunkSizeWarningLimit: 2000,
        rolldownOptions: { input: pages, checks: { pluginTimings: false } },
      },
}))
