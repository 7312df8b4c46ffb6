import type { FileReference } from '../../src/session/files.ts'

/**
 * What a verification compares with: the hashes and the golden case that the tests use (e2e/golden), served beside the
 * page and fetched only when a device is verified.
 */
const ADDRESSES = {
  'nf4.json': new URL('../../e2e/golden/nf4.json', import.meta.url),
  'config.json': new URL('../../e2e/golden/tiny-llama/config.json', import.meta.url),
  'model.safetensors': new URL('../../e2e/golden/tiny-llama/model.safetensors', import.meta.url),
  'batches.json': new URL('../../e2e/golden/tiny-llama/batches.json', import.meta.url),
  'expected.json': new URL('../../e2e/golden/tiny-llama/qlora/expected.json', import.meta.url),
  'adapter_config.json': new URL(
    '../../e2e/golden/tiny-llama/qlora/adapter_init/adapter_config.json',
    import.meta.url,
  ),
  'adapter_model.safetensors': new URL(
    '../../e2e/golden/tiny-llama/qlora/adapter_init/adapter_model.safetensors',
    import.meta.url,
  ),
}

export const goldenFiles = (): FileReference[] =>
  Object.entries(ADDRESSES).map(([name, { href }]) => ({ kind: 'url', name, url: href }))
