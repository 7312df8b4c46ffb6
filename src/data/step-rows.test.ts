import { describe, expect, it } from 'vitest'
import type { Example } from './example.ts'
import { stepRows } from './step-rows.ts'
import { BatchStream, trainingData } from './training-data.ts'

/** Row r is r + 2 tokens: its number, again and again; the last one ends a turn. The first is not learned. */
const example = (row: number): Example => ({
  row,
  rows: [row],
  inputIds: new Uint32Array(row + 2).fill(row),
  labels: Int32Array.from({ length: row + 2 }, (_, t) => (t === 0 ? -100 : row)),
  endOfTurn: [row + 1],
  fullLength: row + 2,
})
const examples = Array.from({ length: 7 }, (_, row) => example(row))

function streamOf(packing: boolean, changes = {}) {
  const data = { maxSeqLength: 12, packing, shuffle: true, evalFraction: 0 }
  const { train: sequences } = trainingData({ examples, isTokenRows: false }, data, 5)
  const train = { maxSteps: 0, numEpochs: 3, batchSize: 2, gradAccumSteps: 2, seed: 5, ...changes }
  return () => new BatchStream({ examples: sequences, data, train })
}

describe('the rows of a step', () => {
  it.each([
    [true, {}],
    [false, {}],
    [false, { batchSize: 3, gradAccumSteps: 1, maxSteps: 8 }],
  ])('are those that the run trains on: packing %s, %o', (packing, changes) => {
    const open = streamOf(packing, changes)
    const stream = open()
    const asked = open()
    asked.next()
    for (let step = 1; step <= stream.totalSteps; step++) {
      const trained = stream.next()
      const found = asked.sequencesOf(step)
      if (!trained || !found) throw new Error('the run has this step')
      const rows = stepRows(step, found)
      expect(rows).toMatchObject({ step, epoch: trained.epoch, microBatches: trained.batches.length })
      // `rows` of a batch is every dataset row in it, in order.
      expect(rows.rows.map(({ row }) => row - 1)).toEqual(trained.batches.flatMap((batch) => batch.rows))
      const learned = rows.rows.flatMap(({ tokens }) => tokens.filter((token) => token.trained))
      expect(learned).toHaveLength(trained.supervisedTokens)
      expect(rows.rowCount).toBe(rows.rows.length)
    }
    expect(asked.sequencesOf(stream.totalSteps + 1)).toBeUndefined()
    expect(asked.sequencesOf(0)).toBeUndefined()
    expect(asked.stepsDone).toBe(1)
  })

  it('are shown as they are in the file, also out of the middle of a pack', () => {
    const sequences = streamOf(true)().sequencesOf(1)
    if (!sequences) throw new Error('there is a first step')
    for (const { row, tokens, fullLength } of stepRows(1, sequences).rows) {
      expect(fullLength).toBe(row + 1)
      expect(tokens.map(({ id }) => id)).toEqual(Array(row + 1).fill(row - 1))
      expect(tokens.map(({ trained }) => trained)).toEqual([false, ...Array(row).fill(true)])
      expect(tokens.map(({ endOfTurn }) => endOfTurn)).toEqual([...Array(row).fill(false), true])
    }
  })

  it('are cut to what a page can show, and their number told', () => {
    const rows = Array.from({ length: 300 }, (_, row) => [example(row % 5)])
    const cut = stepRows(1, { epoch: 0, rows })
    expect(cut).toMatchObject({ rowCount: 300, sequences: 300 })
    expect(cut.rows).toHaveLength(200)
    const long = { ...example(1), inputIds: new Uint32Array(15_000), labels: new Int32Array(15_000) }
    expect(stepRows(1, { epoch: 0, rows: [[long, long]] }).rows).toHaveLength(1)
  })
})
