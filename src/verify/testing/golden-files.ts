import { type ByteSource, memorySource } from '../../util/byte-source.ts'
import { GOLDEN_FILES } from '../verify-device.ts'

/** Where each file of a verification lies under e2e/golden. */
const FOLDERS: Record<string, string> = {
  'nf4.json': '',
  'expected.json': 'tiny-llama/qlora/',
  'adapter_config.json': 'tiny-llama/qlora/adapter_init/',
  'adapter_model.safetensors': 'tiny-llama/qlora/adapter_init/',
}

/** The files of a verification, from the test server (the repository's root). */
export const goldenFiles = (): Promise<ByteSource[]> =>
  Promise.all(
    GOLDEN_FILES.map(async (name) => {
      const response = await fetch(`/e2e/golden/${FOLDERS[name] ?? 'tiny-llama/'}${name}`)
      if (!response.ok) throw new Error(`${name}: ${response.status}`)
      return memorySource(name, new Uint8Array(await response.arrayBuffer()))
    }),
  )
