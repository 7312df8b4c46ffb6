import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memorySource } from '../util/byte-source.ts'
import {
  type BitsandbytesMatrix,
  bitsandbytesQuantizationConfig,
  bitsandbytesTensors,
  isBitsandbytesWeight,
  readBitsandbytesMatrix,
} from './bitsandbytes.ts'
import { openSafetensors } from './safetensors.ts'
import { encodeSafetensors, type TensorToWrite } from './safetensors-writer.ts'

const NAME = 'model.layers.0.self_attn.q_proj.weight'

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i * 37 + length)
const floats = (length: number) => Float32Array.from({ length }, (_, i) => Math.cos(i))

function matrix(
  out: number,
  inFeatures: number,
  blockSize: number,
  type: 'nf4' | 'fp4',
  nested: boolean,
): BitsandbytesMatrix {
  const blocks = Math.ceil((out * inFeatures) / blockSize)
  const scales = nested
    ? {
        codes: bytes(blocks),
        nestedAbsmax: floats(Math.ceil(blocks / 256)),
        nestedOffset: Math.fround(0.1),
        nestedCode: floats(256),
      }
    : floats(blocks)
  return {
    type,
    blockSize,
    shape: [out, inFeatures],
    packed: bytes(Math.ceil((out * inFeatures) / 2)),
    code: floats(16),
    scales,
  }
}

const stored = async (tensors: TensorToWrite[]) =>
  (await openSafetensors(memorySource('model.safetensors', await encodeSafetensors(tensors)))).tensors

describe('a bitsandbytes 4-bit weight', () => {
  it('has exactly the tensors that bitsandbytes reads', async () => {
    const tensors = bitsandbytesTensors(NAME, matrix(64, 320, 64, 'nf4', true), 'bfloat16')
    expect(tensors.map(({ name, dtype, shape }) => [name.slice(NAME.length), dtype, shape])).toEqual([
      ['', 'U8', [10240, 1]],
      ['.quant_map', 'F32', [16]],
      ['.absmax', 'U8', [320]],
      ['.nested_absmax', 'F32', [2]],
      ['.nested_quant_map', 'F32', [256]],
      ['.quant_state.bitsandbytes__nf4', 'U8', [tensors[5].shape[0]]],
    ])
    expect(JSON.parse(new TextDecoder().decode(tensors[5].data as Uint8Array))).toEqual({
      quant_type: 'nf4',
      blocksize: 64,
      dtype: 'bfloat16',
      shape: [64, 320],
      nested_blocksize: 256,
      nested_dtype: 'float32',
      nested_offset: Math.fround(0.1),
    })
  })

  it('without nested scales has no nested tensors', () => {
    const tensors = bitsandbytesTensors(NAME, matrix(8, 64, 64, 'fp4', false), 'float32')
    expect(tensors.map(({ name, dtype }) => name.slice(NAME.length) + dtype)).toEqual([
      'U8',
      '.quant_mapF32',
      '.absmaxF32',
      '.quant_state.bitsandbytes__fp4U8',
    ])
    const state = JSON.parse(new TextDecoder().decode(tensors[3].data as Uint8Array))
    expect(state).toEqual({ quant_type: 'fp4', blocksize: 64, dtype: 'float32', shape: [8, 64] })
  })

  it('can be read back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(32, 64, 4096),
        fc.constantFrom('nf4' as const, 'fp4' as const),
        fc.boolean(),
        async (out, inFeatures, blockSize, type, nested) => {
          const original = matrix(out, inFeatures, blockSize, type, nested)
          const tensors = await stored(bitsandbytesTensors(NAME, original, 'float16'))
          expect(isBitsandbytesWeight(tensors, NAME)).toBe(true)
          expect(await readBitsandbytesMatrix(tensors, NAME)).toEqual(original)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('is recognised by its quant_state alone', async () => {
    const plain = await stored([{ name: NAME, dtype: 'F32', shape: [1], data: new Uint8Array(4) }])
    expect(isBitsandbytesWeight(plain, NAME)).toBe(false)
    await expect(readBitsandbytesMatrix(plain, NAME)).rejects.toThrow(/has no quant_state/)
  })

  it('is refused with every tensor that does not fit', async () => {
    const tensors = bitsandbytesTensors(NAME, matrix(8, 64, 64, 'nf4', true), 'bfloat16')
      .filter(({ name }) => !name.endsWith('.nested_quant_map'))
      .map((tensor) => (tensor.name === NAME ? { ...tensor, shape: [255], data: bytes(255) } : tensor))
    await expect(stored(tensors).then((file) => readBitsandbytesMatrix(file, NAME))).rejects.toMatchObject({
      code: 'input/bitsandbytes',
      problems: [
        { message: expect.stringMatching(/U8 \[255\], expected U8 \[256\]/) },
        { message: expect.stringMatching(/nested_quant_map" is missing/) },
      ],
    })
  })

  it('is refused when its state is damaged', async () => {
    const withState = (state: unknown) => {
      const tensors = bitsandbytesTensors(NAME, matrix(8, 64, 64, 'nf4', false), 'bfloat16')
      const data = new TextEncoder().encode(typeof state === 'string' ? state : JSON.stringify(state))
      tensors[3] = { ...tensors[3], shape: [data.length], data }
      return stored(tensors).then((file) => readBitsandbytesMatrix(file, NAME))
    }
    const good = { quant_type: 'nf4', blocksize: 64, dtype: 'bfloat16', shape: [8, 64] }
    await expect(withState(good)).resolves.toBeDefined()
    for (const state of [
      '{',
      [],
      { ...good, blocksize: 65 },
      { ...good, shape: [8] },
      { ...good, quant_type: 'fp4' },
    ]) {
      await expect(withState(state)).rejects.toMatchObject({ code: 'input/bitsandbytes' })
    }
  })
})

it('the config says how the weights are stored', () => {
  expect(bitsandbytesQuantizationConfig({ type: 'nf4', doubleQuant: true }, 'bfloat16')).toMatchObject({
    quant_method: 'bitsandbytes',
    load_in_4bit: true,
    bnb_4bit_quant_type: 'nf4',
    bnb_4bit_use_double_quant: true,
    bnb_4bit_compute_dtype: 'bfloat16',
    llm_int8_skip_modules: null,
  })
})
