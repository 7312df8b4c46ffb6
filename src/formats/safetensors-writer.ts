import { StudioError } from '../util/errors.ts'
import { DTYPE_BYTES, type Dtype } from './dtype.ts'

/** A tensor to write: its bytes (row-major, little-endian), or what produces them when their turn comes. */
export interface TensorToWrite {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly data: Uint8Array | (() => Promise<Uint8Array>)
}

const sizeOf = (tensor: TensorToWrite) =>
  tensor.shape.reduce((product, size) => product * size, DTYPE_BYTES[tensor.dtype])

const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/**
 * A safetensors file, piece by piece, holding one tensor at a time. The same tensors and metadata always give the same
 * bytes: as in the reference implementation, wider dtypes come first (which keeps them aligned), then names in order.
 */
export async function* writeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): AsyncGenerator<Uint8Array> {
  const ordered = inFileOrder(tensors)
  yield encodeHeader(ordered, metadata)
  for (const tensor of ordered) {
    const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data
    if (data.length !== sizeOf(tensor)) {
      throw new StudioError(
        'safetensors-write',
        `tensor "${tensor.name}" of ${tensor.dtype} [${tensor.shape}] needs ${sizeOf(tensor)} bytes, got ${data.length}`,
      )
    }
    yield data
  }
}

const inFileOrder = (tensors: readonly TensorToWrite[]) =>
  tensors.toSorted((a, b) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype] || byName(a.name, b.name))

/** Bytes of the file that `writeSafetensors` makes of the same. */
export function safetensorsSize(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): number {
  const header = encodeHeader(inFileOrder(tensors), metadata)
  return tensors.reduce((sum, tensor) => sum + sizeOf(tensor), header.length)
}

/** The length word and the JSON header, padded with spaces so that the data begins on a multiple of 8. */
function encodeHeader(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header = new Map<string, unknown>()
  const sortedMetadata = Object.entries(metadata).sort(([a], [b]) => byName(a, b))
  if (sortedMetadata.length > 0) header.set('__metadata__', Object.fromEntries(sortedMetadata))
  let offset = 0
  for (const tensor of tensors) {
    if (header.has(tensor.name)) {
      throw new StudioError('safetensors-write', `two tensors are named "${tensor.name}"`)
    }
    const end = offset + sizeOf(tensor)
    header.set(tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] })
    offset = end
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const length = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(8 + length).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(json, 8)
  return bytes
}

/** The whole file in memory. */
export async function encodeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata?: Readonly<Record<string, string>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  for await (const piece of writeSafetensors(tensors, metadata)) pieces.push(piece)
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    out.set(piece, offset)
    offset += piece.length
  }
  return out
}
