/**
 * A seeded order of n things that is the same on every device, whenever it is asked for: Fisher–Yates driven by a
 * counter-based hash keyed by (seed, epoch), so that a resumed run needs no generator state.
 */
export function shuffled(n: number, seed: number, epoch: number): Uint32Array {
  const order = new Uint32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  const key = mix(mix(seed >>> 0) ^ mix((epoch + 0x9e3779b9) >>> 0))
  for (let i = n - 1; i > 0; i--) {
    const j = uniformBelow(i + 1, key, i)
    const kept = order[i]
    order[i] = order[j]
    order[j] = kept
  }
  return order
}

/** Unbiased draw from [0, bound) by rejection; attempts and counter make the stream. */
function uniformBelow(bound: number, key: number, counter: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound)
  for (let attempt = 0; ; attempt++) {
    const draw = mix(mix((key + counter) >>> 0) ^ Math.imul(attempt + 1, 0x85ebca6b))
    if (draw < limit) return draw % bound
  }
}

/** 32-bit finaliser of MurmurHash3 (Appleby, public domain constants). */
function mix(value: number): number {
  let h = value >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
