import { StudioError } from '../util/errors.ts'
import type { Values } from './array.ts'
import { expectLength, rowCount } from './array.ts'

/** x[n] = table[ids[n]]. `ids` [N], `table` [V, C] → [N, C]. Throws `reference/index` for an id outside the table. */
export function embeddingForward(ids: Values, table: Values, hiddenSize: number): Float64Array {
  const vocabSize = rowCount('embedding table', table, hiddenSize)
  const x = new Float64Array(ids.length * hiddenSize)
  for (let n = 0; n < ids.length; n++) {
    const row = checkedId(ids[n], vocabSize) * hiddenSize
    for (let c = 0; c < hiddenSize; c++) x[n * hiddenSize + c] = table[row + c]
  }
  return x
}

/** dtable [V, C]: the sum of dx [N, C] over the positions that read each row. */
export function embeddingBackward(
  dx: Values,
  ids: Values,
  vocabSize: number,
  hiddenSize: number,
): Float64Array {
  expectLength('dx', dx, ids.length * hiddenSize)
  const dtable = new Float64Array(vocabSize * hiddenSize)
  for (let n = 0; n < ids.length; n++) {
    const row = checkedId(ids[n], vocabSize) * hiddenSize
    for (let c = 0; c < hiddenSize; c++) dtable[row + c] += dx[n * hiddenSize + c]
  }
  return dtable
}

function checkedId(id: number, vocabSize: number): number {
  if (Number.isInteger(id) && id >= 0 && id < vocabSize) return id
  throw new StudioError('reference/index', `token id ${id} is outside the vocabulary of ${vocabSize}`)
}
