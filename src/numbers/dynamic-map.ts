import { type CodeBook, makeCodeBook } from './code-book.ts'

const f = Math.fround

/**
 * float32 `linspace` as current PyTorch computes it: counted from the nearer end, product and sum in one rounding.
 * The map's last bits depend on it.
 */
function linspace(from: number, to: number, n: number): Float32Array {
  const first = f(from)
  const last = f(to)
  const step = f(f(last - first) / f(n - 1))
  return Float32Array.from({ length: n }, (_, i) =>
    i < n >> 1 ? f(first + step * i) : f(last - step * (n - i - 1)),
  )
}

/**
 * The 256 values of dynamic 8-bit quantization (Dettmers et al. 2022, "8-bit Optimizers via Block-wise Quantization",
 * §1.3): seven decades, each twice as finely divided as the one below, then 0 and 1. Ascending. Signed for scales and
 * first moments, unsigned for second moments. The published float32 values of bitsandbytes' create_dynamic_map.
 */
function dynamicMap(signed: boolean): Float32Array {
  const values: number[] = [0, 1]
  for (let decade = 0; decade < 7; decade++) {
    const bounds = linspace(0.1, 1, (signed ? 2 ** decade : 2 ** (decade + 1)) + 1)
    const scale = f(10 ** (decade - 6))
    for (let i = 0; i + 1 < bounds.length; i++) {
      const value = f(scale * f(f(bounds[i] + bounds[i + 1]) / 2))
      values.push(value)
      if (signed) values.push(-value)
    }
  }
  return Float32Array.from(values).sort()
}

/** Signed map (0 at code 127, 1 at code 255): block scales, Adam's first moment. */
export const DYNAMIC_SIGNED: CodeBook = makeCodeBook('dynamic-8bit', dynamicMap(true))

/** Unsigned map (0 at code 0): Adam's second moment. */
export const DYNAMIC_UNSIGNED: CodeBook = makeCodeBook('dynamic-8bit-unsigned', dynamicMap(false))
