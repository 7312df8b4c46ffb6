import type { ByteSource } from '../util/byte-source.ts'
import { StudioError } from '../util/errors.ts'
import { DTYPE_BYTES, type Dtype, decodeFloat32 } from './dtype.ts'
import {
  headerLength,
  parseSafetensorsHeader,
  type SafetensorsHeader,
  safetensorsError,
  type TensorEntry,
} from './safetensors-header.ts'

/** A tensor that can be read, whole or in parts, from wherever its file lives. */
export interface StoredTensor {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly elements: number
  readonly sizeBytes: number
  /** Little-endian bytes [start, end) of the tensor, all of it by default. */
  readBytes(start?: number, end?: number): Promise<Uint8Array<ArrayBuffer>>
  /** Elements [first, end) as float32 (F32, F16, BF16 only). */
  readFloat32(first?: number, end?: number): Promise<Float32Array<ArrayBuffer>>
}

export interface SafetensorsFile {
  readonly fileName: string
  readonly metadata: SafetensorsHeader['metadata']
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
}

/**
 * Opens a safetensors file: reads and checks its header, and no tensor.
 * @throws input/safetensors with every problem of the header; input/read from the source
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const { name, sizeBytes } = source
  const length = headerLength(await source.read(0, Math.min(8, sizeBytes)), name, sizeBytes)
  const header = parseSafetensorsHeader(await readExactly(source, 8, 8 + length), name, sizeBytes)
  const tensors = new Map<string, StoredTensor>()
  for (const entry of header.tensors.values()) tensors.set(entry.name, storedTensor(source, entry))
  return { fileName: name, metadata: header.metadata, tensors }
}

async function readExactly(source: ByteSource, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source.read(start, end)
  if (bytes.length === end - start) return bytes
  throw safetensorsError([
    {
      message: `${source.name}: bytes ${start} to ${end} were asked for, ${bytes.length} came`,
      fix: 'the file changed or vanished while it was read: open it again',
    },
  ])
}

function storedTensor(source: ByteSource, entry: TensorEntry): StoredTensor {
  const { name, dtype, shape } = entry
  const sizeBytes = entry.end - entry.start
  const elementBytes = DTYPE_BYTES[dtype]
  const elements = sizeBytes / elementBytes
  const readBytes = async (start = 0, end = sizeBytes) => {
    if (!(start >= 0 && start <= end && end <= sizeBytes)) {
      throw new StudioError('range', `tensor "${name}": bytes ${start} to ${end} of ${sizeBytes}`)
    }
    return readExactly(source, entry.start + start, entry.start + end)
  }
  const readFloat32 = async (first = 0, end = elements) =>
    decodeFloat32(await readBytes(first * elementBytes, end * elementBytes), dtype, name)
  return { name, dtype, shape, elements, sizeBytes, readBytes, readFloat32 }
}
