import { runTemplate } from '../../data/testing/run-template.ts'
import { openSafetensors } from '../../formats/safetensors.ts'
import { type ByteSource, memorySource } from '../../util/byte-source.ts'
import { type GoldenCurve, readGoldenCurve } from '../../verify/read-golden-curve.ts'
import { type OpenedModel, openModel } from '../open-model.ts'

/** What the oracle says of one model and method (e2e/golden/README.md). */
export interface GoldenCase extends GoldenCurve {
  model: OpenedModel
  /** None for full fine-tuning. */
  adapterFiles: ByteSource[]
  /** `logits`, `grad.<name>`, `final.<name>`. */
  expected: ReadonlyMap<string, Float32Array>
}

/** Reads a golden case from the test server (the repository's root). */
export async function goldenCase(model: string, method: string): Promise<GoldenCase> {
  const folder = `/e2e/golden/${model}`
  const adapterNames = method === 'full' ? [] : ['adapter_config.json', 'adapter_model.safetensors']
  const [config, weights, batches, expected, tensors, ...adapterFiles] = await Promise.all([
    fetchSource(`${folder}/config.json`),
    fetchSource(`${folder}/model.safetensors`),
    fetchSource(`${folder}/batches.json`),
    fetchSource(`${folder}/${method}/expected.json`),
    fetchSource(`${folder}/${method}/expected.safetensors`),
    ...adapterNames.map((name) => fetchSource(`${folder}/${method}/adapter_init/${name}`)),
  ])
  const stored = await openSafetensors(tensors)
  const values = new Map<string, Float32Array>()
  for (const [name, tensor] of stored.tensors) values.set(name, await tensor.readFloat32())
  return {
    model: await openModel(model, [config, weights], runTemplate),
    ...(await readGoldenCurve(expected, batches)),
    adapterFiles,
    expected: values,
  }
}

export async function fetchSource(path: string): Promise<ByteSource> {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return memorySource(path.split('/').at(-1) ?? path, new Uint8Array(await response.arrayBuffer()))
}
