import type { AdapterConfig } from '../formats/adapter-config.ts'
import { type LoraWeights, type PeftAdapter, peftKey } from '../formats/peft-adapter.ts'
import type { Executable } from '../graph/executable.ts'
import type { ParameterPool } from '../graph/pool.ts'
import { type DecoderLinear, type DecoderWeights, decoderLinears } from '../model/weights.ts'
import { hash32, hashWord } from '../util/random.ts'

/** Adapter values by module. */
export type AdapterValues = ReadonlyMap<string, LoraWeights>

/** A fresh adapter: A uniform ±1/√in, B zero (PEFT's default), so that training starts from the base itself. */
export function initialAdapter(weights: DecoderWeights, seed: number): AdapterValues {
  const values = new Map<string, LoraWeights>()
  adaptedLinears(weights).forEach(({ module, adapter }, index) => {
    const [rank, inner] = adapter.A.shape
    const key = hash32(seed, ADAPTER_STREAM, index)
    const bound = 1 / Math.sqrt(inner)
    // 24 random bits, as exact in f32 as any.
    const loraA = Float32Array.from(
      { length: rank * inner },
      (_, i) => ((hashWord(key, i) >>> 8) * 2 ** -23 - 1) * bound,
    )
    values.set(module, { loraA, loraB: new Float32Array(adapter.B.shape[0] * rank) })
  })
  return values
}

/** Keeps the initialisation apart from other uses of the seed. */
const ADAPTER_STREAM = 0xada0

export function writeAdapter(executable: Executable, weights: DecoderWeights, values: AdapterValues): void {
  const { tensors } = executable.plan
  for (const { module } of adaptedLinears(weights)) {
    const value = values.get(module)
    if (!value) throw new Error(`no adapter values for ${module}`)
    executable.write(tensors[peftKey(module, 'loraA')], Float32Array.from(value.loraA))
    executable.write(tensors[peftKey(module, 'loraB')], Float32Array.from(value.loraB))
  }
}

/** The adapter as it stands on the GPU, in one readback for each segment of the pool. */
export async function readAdapter(
  executable: Executable,
  weights: DecoderWeights,
  pool: ParameterPool,
  config: AdapterConfig,
): Promise<PeftAdapter> {
  const bytes = new Map<number, Uint8Array<ArrayBuffer>>()
  for (const { key } of pool.segments) {
    const range = executable.plan.tensors[key]
    bytes.set(range.buffer, await executable.read(range))
  }
  const modules = new Map<string, LoraWeights>()
  const floats = (name: string) => {
    const { buffer, offset, sizeBytes } = executable.plan.tensors[name]
    return new Float32Array(
      (bytes.get(buffer) as Uint8Array<ArrayBuffer>).buffer.slice(offset, offset + sizeBytes),
    )
  }
  for (const { module } of adaptedLinears(weights)) {
    modules.set(module, { loraA: floats(peftKey(module, 'loraA')), loraB: floats(peftKey(module, 'loraB')) })
  }
  return { config, modules }
}

export const adaptedLinears = (weights: DecoderWeights) =>
  decoderLinears(weights).filter((linear): linear is Required<DecoderLinear> => linear.adapter !== undefined)
