import type { Sequence } from '../data/sequence.ts'
import type { Checkpoint } from '../formats/checkpoint.ts'
import { sha256 } from '../util/sha256.ts'

/** Tensors that are looked into, and bytes of each: every fine-tuning of a model differs in all of them. */
const SAMPLED_TENSORS = 32
const SAMPLE_BYTES = 4096

/** Tells one model from another: its config, every tensor's name, dtype and shape, and samples of their bytes. */
export async function modelFingerprint({ config, tensors }: Checkpoint): Promise<string> {
  const all = [...tensors.values()]
  const parts: Uint8Array[] = [encode([config, all.map(({ name, dtype, shape }) => [name, dtype, shape])])]
  const every = Math.ceil(all.length / SAMPLED_TENSORS)
  for (const tensor of all.filter((_, index) => index % every === 0)) {
    const middle = Math.floor(tensor.sizeBytes / 2 / SAMPLE_BYTES) * SAMPLE_BYTES
    parts.push(await tensor.readBytes(middle, Math.min(middle + SAMPLE_BYTES, tensor.sizeBytes)))
  }
  return sha256(joined(parts))
}

/** Sequences hashed at a time: bounds the memory that takes. */
const CHUNK = 1024

/** SHA-256 over all that is trained on: tokens, labels, positions and segments, in order. */
export async function dataFingerprint(sequences: readonly Sequence[]): Promise<string> {
  const digests: string[] = []
  for (let start = 0; start < sequences.length; start += CHUNK) {
    const parts = sequences.slice(start, start + CHUNK).flatMap((sequence) => {
      const { inputIds, labels, positionIds, segmentIds } = sequence
      return [inputIds, labels, positionIds ?? [], segmentIds ?? []].flatMap((values) => {
        const numbers = Int32Array.from(values)
        return [Int32Array.of(numbers.length), numbers]
      })
    })
    digests.push(
      await sha256(
        joined(
          parts.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
        ),
      ),
    )
  }
  return sha256(joined([encode(digests)]))
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}
