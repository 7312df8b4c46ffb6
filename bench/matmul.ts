import type { Executable, Runtime } from '../src/graph/executable.ts'
import { codeBookValues, encodeMatrix } from '../src/quant/layout.ts'
import { quantizeMatrix } from '../src/quant/quantized-matrix.ts'
import { uniformValues } from '../src/reference/uniform-values.ts'
import type * as Products from './products.ts'
import { FORMATS, PASSES, PRODUCT_STAGE, type ProductCase } from './products.ts'

export interface ProductTimes extends ProductCase {
  /** 2 · rows · in · out over the least time of all rounds. */
  gflops: number
  /** The same of the other checkout, timed in turns with this one, and how much faster this one is. */
  otherGflops?: number
  ratio?: number
}

/** Rows × in → out. */
export const PRODUCT_SHAPES: Record<string, [rows: number, inFeatures: number, outFeatures: number]> = {
  'studio-tiny-3m-q': [960, 192, 192],
  'studio-tiny-3m-up': [960, 192, 512],
  'studio-tiny-3m-down': [960, 512, 192],
  'studio-tiny-3m-lora-a': [960, 192, 8],
  'studio-tiny-3m-lora-b': [960, 8, 512],
  'smollm2-135m-up': [512, 576, 1536],
  'smollm2-135m-down': [512, 1536, 576],
  'tinyllama-1.1b-up': [512, 2048, 5632],
}

export const DEFAULT_PRODUCT_SHAPES = ['studio-tiny-3m-up', 'smollm2-135m-up']

/** A sample lasts at least this long: a submission alone takes a fraction of a millisecond. */
const SAMPLE_MS = 60
const ROUNDS = 6

export function productCases(shapes: readonly string[]): ProductCase[] {
  return shapes.flatMap((shape) => {
    const [rows, inFeatures, outFeatures] = PRODUCT_SHAPES[shape]
    return PASSES.flatMap((pass) =>
      // dW reads no weight.
      (pass === 'dW' ? (['f32'] as const) : FORMATS).map((format) => ({
        pass,
        format,
        rows,
        inFeatures,
        outFeatures,
      })),
    )
  })
}

/** Times one product, against another checkout's where given. */
export async function timeProduct(
  runtime: Runtime,
  product: ProductCase,
  [own, other]: readonly (typeof Products)[],
): Promise<ProductTimes> {
  const flops = 2 * product.rows * product.inFeatures * product.outFeatures
  const gflops = (ms: number) => Number((flops / ms / 1e6).toPrecision(3))
  const executables: Executable[] = []
  for (const { planProduct } of other ? [own, other] : [own]) {
    const executable = await runtime.realise(planProduct(product, runtime.traits))
    fill(executable, product)
    executables.push(executable)
  }
  const repeats = []
  for (const executable of executables) {
    await sample(executable, 1)
    repeats.push(Math.max(1, Math.ceil(SAMPLE_MS / (await sample(executable, 1)))))
  }
  const least = executables.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, executable] of executables.entries())
      least[i] = Math.min(least[i], await sample(executable, repeats[i]))
  }
  for (const executable of executables) executable.destroy()
  return {
    ...product,
    gflops: gflops(least[0]),
    ...(other && { otherGflops: gflops(least[1]), ratio: Number((least[1] / least[0]).toPrecision(3)) }),
  }
}

/** Milliseconds of one run. */
async function sample(executable: Executable, repeats: number): Promise<number> {
  await executable.idle()
  const start = performance.now()
  for (let i = 0; i < repeats; i++) executable.run(PRODUCT_STAGE)
  await executable.idle()
  return (performance.now() - start) / repeats
}

function fill(executable: Executable, { format, inFeatures, outFeatures }: ProductCase): void {
  const { tensors } = executable.plan
  const values = Float32Array.from(uniformValues(inFeatures * outFeatures, 1, -0.1, 0.1))
  const shape = [outFeatures, inFeatures]
  const storage = { type: 'nf4', blockSize: 64, doubleQuant: true } as const
  const weight = {
    nf4: () => encodeMatrix(quantizeMatrix(values, shape, storage, 'weight')),
    f32: () => values,
    // The upper halves of f32 are finite as bf16 and as f16.
    bf16: () => Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16),
    f16: () => Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16),
  }[format]
  if (tensors.weight) executable.write(tensors.weight, weight())
  if (tensors.codebook) executable.write(tensors.codebook, codeBookValues('nf4'))
  for (const range of [tensors.x, tensors.dy]) {
    if (range) executable.write(range, Float32Array.from(uniformValues(range.sizeBytes / 4, 2)))
  }
}
