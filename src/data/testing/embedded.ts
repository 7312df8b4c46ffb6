import { readFile } from 'node:fs/promises'
import { loadTokenizer, type Tokenizer } from '../../formats/tokenizer.ts'
import { type ByteSource, memorySource } from '../../util/byte-source.ts'

const ROOT = new URL('../../../', import.meta.url)

/** A file of the repository, by its path from the root. */
export async function repositoryFile(path: string): Promise<ByteSource> {
  return memorySource(path.split('/').at(-1) as string, new Uint8Array(await readFile(new URL(path, ROOT))))
}

/** The tokenizer of the embedded model; `change` may edit its config before it is loaded. */
export async function embeddedTokenizer(
  change?: (config: Record<string, unknown>) => void,
): Promise<Tokenizer> {
  const folder = 'public/models/studio-tiny-3m'
  const config = JSON.parse(await readFile(new URL(`${folder}/tokenizer_config.json`, ROOT), 'utf8'))
  change?.(config)
  return loadTokenizer({
    tokenizer: await repositoryFile(`${folder}/tokenizer.json`),
    config: textSource('tokenizer_config.json', JSON.stringify(config)),
  })
}

export const textSource = (name: string, text: string) => memorySource(name, new TextEncoder().encode(text))
