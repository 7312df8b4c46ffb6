import { expect, test } from 'vitest'
import { bufferTensor, quantizedTensor } from '../graph/tensor.ts'
import { quantLayout } from '../quant/layout.ts'
import { weightRowSource, weightSource } from './weight-source.ts'

const codebook = bufferTensor('codebook', [272], 'f32', 'weights')
const dense = (shape: number[], format: 'f32' | 'f16' | 'bf16' | 'u32') =>
  bufferTensor('w', shape, format, 'weights')
const packed = (shape: [number, number], doubleQuant: boolean, blockSize = 64) => {
  const quantization = { type: 'nf4', blockSize, doubleQuant } as const
  return quantizedTensor('w', shape, quantization, quantLayout(shape, quantization))
}

test('dense weights are bound as vec4 where their elements allow it, halves as words', () => {
  const elements = (['f32', 'f16', 'bf16'] as const).flatMap((format) =>
    [[2, 6] as number[], [3, 3]].map((shape) => weightSource(dense(shape, format)).bindings[0].element),
  )
  expect(elements).toEqual(['vec4<f32>', 'f32', 'u32', 'u32', 'u32', 'u32'])
})

test('a 4-bit weight tells where its scales stand', () => {
  // 48 × 40 elements: 960 bytes of codes, 30 scales of a byte padded to 32, the offset, the nested scale.
  expect(weightSource(packed([48, 40], true), { codebook }).paramValues).toEqual({
    weightBlockShift: 6,
    weightScales: 240,
    weightNestedScales: 249,
  })
  expect(weightSource(packed([48, 40], false, 32), { codebook }).paramValues).toEqual({
    weightBlockShift: 5,
    weightScales: 240,
  })
})

test.each([
  [8, 'word'],
  [172, 'run4'],
  [7, 'any'],
])('rows of %i columns in 4 bits are read by %s', (columns, access) => {
  expect(weightRowSource(packed([4, columns], true), { codebook }).name).toBe(`4bit.nested.${access}`)
})

test.each([
  [128, 64],
  [72, 8],
  [12, 12],
])('a row of %i columns in blocks of 64 keeps its scale for runs of %i', (columns, run) => {
  expect(weightRowSource(packed([4, columns], true), { codebook }).paramValues.weightRun).toBe(run)
})

test('variants that differ in their WGSL differ in their name', () => {
  const tensors = [
    ...(['f32', 'f16', 'bf16'] as const).flatMap((format) => [4, 7, 8].map((n) => dense([3, n], format))),
    ...[true, false].flatMap((nested) => [4, 7, 8].map((n) => packed([3, n], nested))),
  ]
  const byName = new Map<string, string>()
  for (const tensor of tensors) {
    for (const code of ['buffer', 'private', 'workgroup', 'lanes'] as const) {
      const { name, includes, bindings } = weightRowSource(tensor, { codebook, code })
      const wgsl = JSON.stringify([includes, bindings])
      expect(byName.get(name) ?? wgsl).toBe(wgsl)
      byName.set(name, wgsl)
    }
  }
  expect(new Set(byName.values()).size).toBe(byName.size)
})

test('a 4-bit weight without its code book, and a format that is none, are refused by name', () => {
  expect(() => weightSource(packed([4, 8], true))).toThrow(
    /w is stored as nf4 but comes without its code book/,
  )
  expect(() => weightSource(dense([4, 8], 'u32'))).toThrow(/w is stored as u32/)
})
