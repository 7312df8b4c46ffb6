import { basename } from 'node:path'
import { openSafetensors } from '../../../src/formats/safetensors.ts'
import { pathSource } from '../../../src/host/path-source.ts'

/** All tensors of a safetensors file, as float32. */
export async function readTensors(
  path: string,
): Promise<Map<string, { shape: readonly number[]; values: Float32Array }>> {
  const file = await openSafetensors(await pathSource(basename(path), path))
  const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>()
  for (const [name, tensor] of file.tensors)
    tensors.set(name, { shape: tensor.shape, values: await tensor.readFloat32() })
  return tensors
}
