/**
 * Binary in messages that travel as text. A result's typed arrays (logits, adapters, whole quantized checkpoints) are put
 * somewhere under a number, and stand in the message as that number.
 */
interface Detached {
  /** Never a key of the engine's own results. */
  $binary: number
  type: 'Uint8Array' | 'Uint32Array' | 'Int32Array' | 'Float32Array' | 'Float64Array'
}

const ARRAY_TYPES = { Uint8Array, Uint32Array, Int32Array, Float32Array, Float64Array }

/** A copy of plain data in which every typed array has been handed to `put`, which gives the number it can be got by. */
export async function detachBinary(
  value: unknown,
  put: (bytes: Uint8Array<ArrayBuffer>) => Promise<number>,
): Promise<unknown> {
  if (ArrayBuffer.isView(value)) {
    const type = value.constructor.name as Detached['type']
    if (!(type in ARRAY_TYPES))
      throw new Error(`a result holds a ${value.constructor.name}, which cannot cross a page's border`)
    const bytes = new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength)
    return { $binary: await put(bytes), type } satisfies Detached
  }
  if (Array.isArray(value)) {
    const out: unknown[] = []
    for (const item of value) out.push(await detachBinary(item, put))
    return out
  }
  if (typeof value !== 'object' || value === null) return value
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) out[key] = await detachBinary(item, put)
  return out
}

/** The data as it was, with the bytes that `take` gives for each number. */
export function attachBinary(value: unknown, take: (id: number) => Uint8Array<ArrayBuffer>): unknown {
  if (Array.isArray(value)) return value.map((item) => attachBinary(item, take))
  if (typeof value !== 'object' || value === null) return value
  if (isDetached(value)) {
    const bytes = take(value.$binary)
    const ArrayType = ARRAY_TYPES[value.type]
    // Bytes may lie anywhere in their buffer; wider elements need their own, aligned one.
    if (bytes.byteOffset % ArrayType.BYTES_PER_ELEMENT !== 0) return new ArrayType(bytes.slice().buffer)
    return new ArrayType(bytes.buffer, bytes.byteOffset, bytes.byteLength / ArrayType.BYTES_PER_ELEMENT)
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, attachBinary(item, take)]))
}

const isDetached = (value: object): value is Detached =>
  typeof (value as Partial<Detached>).$binary === 'number'
