import react from '@vitejs/plugin-react'
import { playwright } from '@vitest/browser-playwright'
import { configDefaults, defineConfig } from 'vitest/config'
import { browserEnv, findBrowser } from './scripts/browser.mjs'
import { chromiumArgs } from './scripts/chromium-args.mjs'

/** `npm run test:full` sets it: the long tests, *.full.test.ts, run too. */
const full = process.env.NIBBLE_FULL === '1'
const long = full ? [] : ['**/*.full.test.ts', '**/*.full.gpu.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [react()],
        test: {
          name: 'unit',
          environment: 'node',
          include: [
            'src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'app/**/*.test.{ts,tsx}',
            'bench/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...long, '**/*.gpu.test.ts'],
          testTimeout: full ? 600_000 : 20_000,
        },
      },
      {
        // Found late, a package would be bundled and the page reloaded in the middle of a test.
        optimizeDeps: { include: ['zod', '@huggingface/jinja', '@huggingface/tokenizers', 'idb-keyval'] },
        test: {
          name: 'gpu',
          include: ['src/**/*.gpu.test.ts'],
          exclude: [...configDefaults.exclude, ...long],
          testTimeout: full ? 600_000 : 60_000,
          hookTimeout: 60_000,
          // One page for all files: a software adapter takes longer to start than most kernels take to run.
          fileParallelism: false,
          isolate: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: findBrowser(),
                args: chromiumArgs('software'),
                env: browserEnv(),
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          name: 'golden',
          environment: 'node',
          include: ['e2e/golden/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...long],
          testTimeout: full ? 1_800_000 : 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
