/**
 * Counter-based randomness: every number is a pure function of a seed and counters, so that nothing has to be saved to
 * resume a run, and a kernel that knows the counters repeats it exactly. u32 arithmetic only. In WGSL:
 *
 *     fn mix32(value: u32) -> u32 {
 *       var x = value;
 *       x ^= x >> 16u; x *= 0x7feb352du;
 *       x ^= x >> 15u; x *= 0x846ca68bu;
 *       return x ^ (x >> 16u);
 *     }
 *     // hash32(a, b) = mix32((mix32((0x2545f491 ^ a) + 0x9e3779b9) ^ b) + 0x9e3779b9)
 *     fn hash_word(h: u32, word: u32) -> u32 { return mix32((h ^ word) + 0x9e3779b9u); }
 *
 * so that a kernel may take hash32(seed, step, …) as one u32 from the host and continue it with
 * `hash_word(h, element)`. The mixer is the public-domain `lowbias32` (C. Wellons, "Prospecting for Hash Functions").
 */
export const HASH_START = 0x2545f491

function mix32(value: number): number {
  let x = value
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

/** Continues a hash by one u32 word; `hash32(a, b)` is `hashWord(hash32(a), b)`. */
export const hashWord = (hash: number, word: number): number => mix32(((hash ^ word) + 0x9e3779b9) | 0)

/** Hash of u32 words (wider numbers are taken modulo 2^32), itself a u32. */
export function hash32(...words: number[]): number {
  let hash = HASH_START
  for (const word of words) hash = hashWord(hash, word)
  return hash >>> 0
}

/** A random u32 that depends on the seed and all counters. */
export const uint32 = (seed: number, ...counters: number[]): number => hash32(seed, ...counters)

/** Uniform in [0, 1), 24 bits: exactly representable in f32. */
export const uniform = (seed: number, ...counters: number[]): number =>
  (hash32(seed, ...counters) >>> 8) * 2 ** -24

/**
 * A value is dropped iff its hash is below this u32: probability `p`, to 2^-32. `p` must lie in [0, 1).
 */
export const dropThreshold = (p: number): number => Math.min(0xffffffff, Math.floor(p * 2 ** 32)) >>> 0

/** A permutation of 0..n-1 (Fisher–Yates, from the end) keyed by (seed, epoch). */
export function permutation(n: number, seed: number, epoch: number): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  const key = hash32(seed, epoch)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(hashWord(key, i) * 2 ** -32 * (i + 1))
    const kept = order[i]
    order[i] = order[j]
    order[j] = kept
  }
  return order
}
