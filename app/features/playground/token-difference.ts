/**
 * Which tokens of `said` are not in what another said, by a longest common subsequence (Wagner and Fischer 1974): a word
 * put in leaves those behind it the same.
 */
export function differing(other: readonly number[], said: readonly number[]): boolean[] {
  const [rows, columns] = [other.length, said.length]
  // lengths[i][j]: longest common subsequence of other[i…] and said[j…]
  const lengths = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1))
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      lengths[i][j] =
        other[i] === said[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1])
    }
  }
  const differs = new Array<boolean>(columns).fill(true)
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (other[i] === said[j]) {
      differs[j] = false
      i++
      j++
    } else if (lengths[i + 1][j] >= lengths[i][j + 1]) i++
    else j++
  }
  return differs
}
