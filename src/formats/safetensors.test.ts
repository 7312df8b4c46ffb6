import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ByteSource, memorySource } from '../util/byte-source.ts'
import { StudioError } from '../util/errors.ts'
import { DTYPE_BYTES, type Dtype, encodeFloat32 } from './dtype.ts'
import { openSafetensors } from './safetensors.ts'
import { encodeSafetensors, type TensorToWrite, writeSafetensors } from './safetensors-writer.ts'

const open = (bytes: Uint8Array<ArrayBuffer>) => openSafetensors(memorySource('model.safetensors', bytes))

/** A file whose header is the given JSON text. */
function fileWith(json: string, dataSize: number): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(json)
  const bytes = new Uint8Array(8 + header.length + dataSize)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true)
  bytes.set(header, 8)
  return bytes
}

async function refusal(bytes: Uint8Array<ArrayBuffer>): Promise<StudioError> {
  try {
    await open(bytes)
  } catch (error) {
    if (error instanceof StudioError && error.code === 'input/safetensors') return error
    throw error
  }
  throw new Error('the file was accepted')
}

const small: TensorToWrite[] = [
  { name: 'b', dtype: 'F32', shape: [2, 3], data: encodeFloat32(Float32Array.of(1, 2, 3, 4, 5, 6), 'F32') },
  { name: 'a', dtype: 'BF16', shape: [3], data: encodeFloat32(Float32Array.of(-1, 0.5, 8), 'BF16') },
  { name: 'c', dtype: 'F16', shape: [1, 2], data: encodeFloat32(Float32Array.of(0.25, -2), 'F16') },
  { name: 'none', dtype: 'I64', shape: [0, 4], data: new Uint8Array(0) },
  { name: 'scalar', dtype: 'U8', shape: [], data: Uint8Array.of(9) },
]

describe('reading', () => {
  it('gives tensors whole and in part, in every float dtype', async () => {
    const file = await open(await encodeSafetensors(small, { format: 'pt', made: 'here' }))
    expect(file.metadata).toEqual({ format: 'pt', made: 'here' })
    const tensor = (name: string) => file.tensors.get(name)
    expect(await tensor('b')?.readFloat32()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6))
    expect(await tensor('b')?.readFloat32(2, 5)).toEqual(Float32Array.of(3, 4, 5))
    expect(await tensor('a')?.readFloat32()).toEqual(Float32Array.of(-1, 0.5, 8))
    expect(await tensor('c')?.readFloat32(1)).toEqual(Float32Array.of(-2))
    expect(await tensor('scalar')?.readBytes()).toEqual(Uint8Array.of(9))
    expect(tensor('none')).toMatchObject({ dtype: 'I64', shape: [0, 4], elements: 0, sizeBytes: 0 })
    await expect(tensor('scalar')?.readFloat32()).rejects.toThrow(/"scalar" is stored as U8/)
    await expect(tensor('b')?.readBytes(0, 25)).rejects.toThrow(/bytes 0 to 25 of 24/)
  })

  it('reads no tensor before it is asked for', async () => {
    const bytes = await encodeSafetensors(small)
    const ranges: [number, number][] = []
    const source: ByteSource = {
      name: 'big.safetensors',
      sizeBytes: bytes.length,
      read: async (start, end) => {
        ranges.push([start, end])
        return bytes.slice(start, end)
      },
    }
    const file = await openSafetensors(source)
    const headerEnd = ranges[1][1]
    expect(ranges).toEqual([
      [0, 8],
      [8, headerEnd],
    ])
    await file.tensors.get('b')?.readFloat32(1, 2)
    expect(ranges[2][1] - ranges[2][0]).toBe(4)
  })

  it('says so when a source gives fewer bytes than it promised', async () => {
    const bytes = await encodeSafetensors(small)
    const source: ByteSource = {
      name: 'x.safetensors',
      sizeBytes: bytes.length,
      read: async () => bytes.slice(0, 8),
    }
    await expect(openSafetensors(source)).rejects.toMatchObject({ code: 'input/safetensors' })
  })
})

describe('writing', () => {
  const dtypes = Object.keys(DTYPE_BYTES) as Dtype[]
  const tensor = fc
    .record({
      dtype: fc.constantFrom(...dtypes),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
      name: fc.string({ maxLength: 12, unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
    })
    .map(({ dtype, shape, name }): TensorToWrite => {
      const size = shape.reduce((product, length) => product * length, DTYPE_BYTES[dtype])
      return { dtype, shape, name, data: Uint8Array.from({ length: size }, (_, i) => i * 31 + size) }
    })
  const tensors = fc.uniqueArray(tensor, { maxLength: 8, selector: ({ name }) => name })

  it('can be read back', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, fc.dictionary(fc.string(), fc.string()), async (list, metadata) => {
        const file = await open(await encodeSafetensors(list, metadata))
        expect(new Map(Object.entries(file.metadata))).toEqual(new Map(Object.entries(metadata)))
        expect(file.tensors.size).toBe(list.length)
        for (const { name, dtype, shape, data } of list) {
          const stored = file.tensors.get(name)
          expect(stored).toMatchObject({ dtype, shape })
          expect(await stored?.readBytes()).toEqual(data)
        }
      }),
    )
  })

  it('gives the same bytes in whatever order the tensors come, each aligned to its dtype', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, async (list) => {
        const bytes = await encodeSafetensors(list, { b: '1', a: '2' })
        expect(await encodeSafetensors(list.toReversed(), { a: '2', b: '1' })).toEqual(bytes)
        const header = Number(new DataView(bytes.buffer).getBigUint64(0, true))
        expect(header % 8).toBe(0)
        const json = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + header)))
        for (const { name, dtype } of list) expect(json[name].data_offsets[0] % DTYPE_BYTES[dtype]).toBe(0)
      }),
    )
  })

  it('asks for each tensor only when its turn comes', async () => {
    const asked: string[] = []
    const lazy = ['x', 'y'].map((name): TensorToWrite => {
      const data = async () => {
        asked.push(name)
        return new Uint8Array(4)
      }
      return { name, dtype: 'F32', shape: [1], data }
    })
    const pieces = writeSafetensors(lazy)
    await pieces.next()
    expect(asked).toEqual([])
    await pieces.next()
    expect(asked).toEqual(['x'])
  })

  it('refuses data of the wrong size and two tensors of one name', async () => {
    await expect(encodeSafetensors([{ ...small[0], shape: [7] }])).rejects.toThrow(/needs 28 bytes, got 24/)
    await expect(encodeSafetensors([small[0], small[0]])).rejects.toThrow(/two tensors are named "b"/)
  })
})

describe('a damaged file', () => {
  it('is refused at every length it can be cut to', async () => {
    const bytes = await encodeSafetensors(small)
    for (let length = 0; length < bytes.length; length++) {
      expect((await refusal(bytes.slice(0, length))).message).toContain('model.safetensors')
    }
    expect((await refusal(new Uint8Array([...bytes, 0]))).message).toMatch(/last 1 bytes belong to no tensor/)
  })

  it('either still describes the same bytes or is refused, wherever a header byte changes', async () => {
    const bytes = await encodeSafetensors(small)
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    let refused = 0
    for (let at = 0; at < 8 + header; at++) {
      for (const flip of [0x01, 0x02, 0x10, 0x20, 0x80, 0xff]) {
        const damaged = bytes.slice()
        damaged[at] ^= flip
        try {
          const file = await open(damaged)
          let end = 8 + header
          for (const tensor of file.tensors.values()) end += (await tensor.readBytes()).length
          expect(end).toBe(bytes.length)
        } catch (error) {
          expect(error).toMatchObject({ name: 'StudioError', code: 'input/safetensors' })
          refused++
        }
      }
    }
    expect(refused).toBeGreaterThan(1000)
  })

  it('of random bytes is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expect(open(Uint8Array.from(bytes))).rejects.toMatchObject({ code: 'input/safetensors' })
      }),
    )
  })

  it.each<[string, string, number, RegExp]>([
    ['an unknown dtype', '{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}', 4, /"a" has dtype "F33"/],
    [
      'a prototype as dtype',
      '{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,4]}}',
      4,
      /has dtype "toString"/,
    ],
    [
      'a shape that needs more',
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}',
      4,
      /needs 8 bytes, its data_offsets span 4/,
    ],
    ['a negative size', '{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 4, /has shape \[-1\]/],
    ['a fractional size', '{"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,2]}}', 2, /has shape \[0.5\]/],
    [
      'a shape that overflows',
      '{"a":{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,4]}}',
      4,
      /needs/,
    ],
    [
      'an end outside of the file',
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
      4,
      /ends at byte 8 of the data, but the file holds only 4/,
    ],
    [
      'an end before the beginning',
      '{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,0]}}',
      4,
      /ends at 0, before its beginning at 4/,
    ],
    ['no offsets', '{"a":{"dtype":"F32","shape":[1]}}', 4, /has data_offsets undefined/],
    [
      'overlapping tensors',
      '{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
      4,
      /"a" and "b" overlap/,
    ],
    [
      'two tensors on the same bytes',
      '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
      4,
      /overlap/,
    ],
    [
      'a gap',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}',
      4,
      /2 bytes before tensor "b"/,
    ],
    [
      'a gap at the beginning',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}',
      4,
      /3 bytes before tensor "a"/,
    ],
    [
      'one name twice',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}, "\\u0061" :{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
      /names "a" more than once/,
    ],
    [
      'one field twice',
      '{"a":{"dtype":"U8","shape":[1],"shape":[2],"data_offsets":[0,1]}}',
      1,
      /names "shape" more than once/,
    ],
    [
      'metadata that are no strings',
      '{"__metadata__":{"n":1},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
      /__metadata__ must map names to strings/,
    ],
    ['a list as header', '[1,2]', 0, /is not a JSON object/],
    ['a number as tensor', '{"a":3}', 0, /"a" is described by 3/],
    ['null as tensor', '{"a":null}', 0, /"a" is described by null/],
    ['no JSON', '{"a":', 0, /not valid JSON/],
  ])('with %s is refused by name', async (_, json, dataSize, message) => {
    expect((await refusal(fileWith(json, dataSize))).message).toMatch(message)
  })

  it('with bytes that are no UTF-8 is refused', async () => {
    const bytes = fileWith('{"aa":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1)
    bytes[10] = 0xff
    expect((await refusal(bytes)).message).toMatch(/not valid JSON/)
  })

  it('with an absurd header length is refused before anything is read', async () => {
    const bytes = new Uint8Array(64)
    for (const length of [57n, 100_000_001n, 2n ** 53n + 1n, 2n ** 64n - 1n, 0n, 1n]) {
      new DataView(bytes.buffer).setBigUint64(0, length, true)
      expect((await refusal(bytes)).message).toMatch(/its header claims/)
    }
  })

  it('has all its problems reported at once', async () => {
    const error = await refusal(
      fileWith('{"a":3,"b":{"dtype":"X"},"c":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}', 1),
    )
    expect(error.problems?.map(({ message }) => /"[abc]"/.exec(message)?.[0])).toEqual(['"a"', '"b"', '"c"'])
  })
})
