/** `npm run test:full`: every lane with the long tests (*.full.test.ts, *.full.spec.ts). */
process.env.NIBBLE_FULL = '1'
await import('./test.mjs')
