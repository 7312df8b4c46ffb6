/**
 * `count` repeatable values in [low, high) for tests: mulberry32 (Tommy Ettinger, public domain) from `seed`.
 * The values are exact in float32, so that a GPU kernel and its reference get the same inputs.
 */
export function uniformValues(count: number, seed: number, low = -1, high = 1): Float64Array {
  let state = seed >>> 0
  return Float64Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    const unit = ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
    return Math.fround(low + unit * (high - low))
  })
}
