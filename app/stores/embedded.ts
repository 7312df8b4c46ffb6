import type { FileReference } from '../../src/session/files.ts'

/** What ships with the page (public/): the base model and the demonstrations, in the order they are offered. */

export const EMBEDDED_MODEL = 'studio-tiny-3m'

/** What is known of it before it is opened; sizes in bytes. */
export const EMBEDDED_FACTS = {
  parameters: 3_148_224,
  sizeBytes: 6_296_448,
  nf4Bytes: 2_795_160,
  contextLength: 512,
  largestTensorBytes: 1_572_864,
}

const MODEL_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'model.safetensors',
]

export const DEMOS = ['us-state-capitals', 'word-cards', 'devils-dictionary'] as const
export type DemoId = (typeof DEMOS)[number]

/** A worker resolves addresses against itself, so they are made absolute here, against the page. */
const addressOf = (path: string): string => new URL(path, document.baseURI).href

export function embeddedModelFiles(): FileReference[] {
  return MODEL_FILES.map((name) => ({
    kind: 'url',
    name,
    url: addressOf(`models/${EMBEDDED_MODEL}/${name}`),
  }))
}

export function demoFile(id: DemoId): FileReference {
  return { kind: 'url', name: `${id}.jsonl`, url: addressOf(`datasets/${id}.jsonl`) }
}
