import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BatchShape } from './batch.ts'
import type { Example } from './example.ts'
import type { Sequence } from './sequence.ts'
import { BatchStream, batchStream, evaluationBatches, totalSteps, trainingData } from './training-data.ts'

const example = (row: number, length = 3): Example => ({
  row,
  rows: [row],
  inputIds: new Uint32Array(length).fill(row),
  labels: new Int32Array(length).fill(row),
  endOfTurn: [],
  fullLength: length,
})
const examples = (n: number) => Array.from({ length: n }, (_, row) => example(row))

const train = { maxSteps: 0, numEpochs: 1, batchSize: 2, gradAccumSteps: 3, seed: 42 }
const data = { maxSeqLength: 16, packing: false, shuffle: false, evalFraction: 0 }

const rowsOf = (stream: Iterable<{ batches: { rows: number[] }[] }>) =>
  [...stream].map((step) => step.batches.map((batch) => batch.rows))

describe('BatchStream', () => {
  it('takes row (s·gradAccumSteps + m)·batchSize + i without shuffling; the last step of an epoch is short', () => {
    const stream = batchStream({ examples: examples(15), data, train: { ...train, numEpochs: 2 } })
    expect(stream.stepsPerEpoch).toBe(3)
    expect(stream.totalSteps).toBe(6)
    const epoch = [
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
      [
        [6, 7],
        [8, 9],
        [10, 11],
      ],
      [[12, 13], [14]],
    ]
    expect(rowsOf(stream)).toEqual([...epoch, ...epoch])
    expect(stream.next()).toBeUndefined()
  })

  it('gives the short last batch the rows that are left', () => {
    const steps = [...batchStream({ examples: examples(3), data, train })]
    expect(steps.length).toBe(1)
    expect(steps[0].batches.map((batch) => batch.batchSize)).toEqual([2, 1])
    expect(steps[0]).toMatchObject({ epoch: 0, supervisedTokens: 6, tokens: 9 })
  })

  it('cycles through epochs for maxSteps, which overrides numEpochs', () => {
    const stream = new BatchStream({
      examples: examples(7),
      data,
      train: { ...train, maxSteps: 5, numEpochs: 1 },
    })
    expect(stream.totalSteps).toBe(5)
    expect(rowsOf(stream).map((step) => step.flat())).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6],
      [0, 1, 2, 3, 4, 5],
      [6],
      [0, 1, 2, 3, 4, 5],
    ])
  })

  it('rounds a fraction of an epoch up to whole steps', () => {
    expect(totalSteps(60, { ...train, numEpochs: 0.25 })).toBe(3)
    expect(totalSteps(60, { ...train, numEpochs: 1.5 })).toBe(15)
    expect(totalSteps(0, { ...train, maxSteps: 9 })).toBe(0)
  })

  it('shuffles anew every epoch by the seed alone, and each epoch has every row once', () => {
    const options = { examples: examples(50), data: { shuffle: true }, train: { ...train, numEpochs: 3 } }
    const all = [...batchStream(options)]
    const epochs = [0, 1, 2].map((epoch) =>
      all
        .filter((step) => step.epoch === epoch)
        .flatMap((step) => step.batches.flatMap((batch) => batch.rows)),
    )
    for (const rows of epochs)
      expect([...rows].sort((a, b) => a - b)).toEqual(examples(50).map(({ row }) => row))
    expect(epochs[0]).not.toEqual(epochs[1])
    expect(epochs[0]).not.toEqual(examples(50).map(({ row }) => row))
    expect(rowsOf(batchStream(options))).toEqual(all.map((step) => step.batches.map((batch) => batch.rows)))
    const other = rowsOf(batchStream({ ...options, train: { ...options.train, seed: 43 } }))
    expect(other.flat(2)).not.toEqual(epochs.flat())
  })

  it('goes on from any position exactly as if it had never stopped', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.record({
          batchSize: fc.integer({ min: 1, max: 5 }),
          gradAccumSteps: fc.integer({ min: 1, max: 4 }),
          maxSteps: fc.nat(12),
        }),
        fc.nat(20),
        fc.boolean(),
        (n, choices, stopAfter, shuffle) => {
          const options = {
            examples: examples(n),
            data: { shuffle },
            train: { ...train, numEpochs: 2, ...choices },
          }
          const whole = rowsOf(batchStream(options))
          expect(whole.length).toBe(batchStream(options).totalSteps)
          const first = batchStream(options)
          for (let step = 0; step < stopAfter; step++) first.next()
          expect(first.stepsDone).toBe(Math.min(stopAfter, whole.length))
          const resumed = batchStream(options, structuredClone(first.position))
          expect(rowsOf(resumed)).toEqual(whole.slice(stopAfter))
        },
      ),
    )
  })

  it('lets the last micro-batch of an epoch have its own number of rows, and knows every shape beforehand', () => {
    const lengths = fc.array(fc.integer({ min: 2, max: 20 }), { minLength: 1, maxLength: 30 })
    const sizes = fc.record({
      batchSize: fc.integer({ min: 1, max: 5 }),
      gradAccumSteps: fc.constantFrom(1, 3),
    })
    fc.assert(
      fc.property(lengths, sizes, (tokens, choices) => {
        const stream = batchStream({
          examples: tokens.map((length, row) => example(row, length)),
          data: { shuffle: true },
          train: { ...train, numEpochs: 3, ...choices },
          sequenceLength: (longest) => Math.ceil(longest / 8) * 8,
        })
        const shapes = stream.shapes()
        const seen = [...stream].flatMap(({ batches }) => batches)
        for (const { batchSize, rows } of seen) expect(batchSize).toBe(rows.length)
        const named = (all: readonly BatchShape[]) =>
          [...new Set(all.map(({ batchSize, sequenceLength }) => `${batchSize}×${sequenceLength}`))].sort()
        expect(named(shapes)).toEqual(named(seen))
        expect(shapes).toHaveLength(named(seen).length)
      }),
    )
  })

  it('asks for the sequence length of each micro-batch', () => {
    const mixed = [example(0, 3), example(1, 5), example(2, 9), example(3, 2)]
    const stream = batchStream({
      examples: mixed,
      data,
      train,
      sequenceLength: (longest) => Math.ceil(longest / 4) * 4,
    })
    expect(stream.next()?.batches.map((batch) => batch.sequenceLength)).toEqual([8, 12])
  })
})

describe('trainingData', () => {
  const of = (n: number, choices: Partial<typeof data>, seed = 42) =>
    trainingData({ examples: examples(n), isTokenRows: false }, { ...data, ...choices }, seed)
  const rows = (sequences: readonly Sequence[]) => sequences.flatMap((each) => each.rows)

  it('holds out ⌈f·n⌉ rows by the seed, and trains on the others in file order', () => {
    for (const [n, f, count] of [
      [780, 0.1, 78],
      [50, 0.11, 6],
      [10, 0.01, 1],
      [3, 0.99, 2],
      [1, 0.5, 0],
      [9, 0, 0],
    ]) {
      const split = of(n, { evalFraction: f })
      expect(split.evaluation.length).toBe(count)
      expect([...rows(split.train), ...rows(split.evaluation)].sort((a, b) => a - b)).toEqual(
        examples(n).map(({ row }) => row),
      )
      expect(rows(split.train)).toEqual([...rows(split.train)].sort((a, b) => a - b))
    }
    expect(rows(of(100, { evalFraction: 0.1 }).evaluation)).toEqual(
      rows(of(100, { evalFraction: 0.1 }).evaluation),
    )
    expect(rows(of(100, { evalFraction: 0.1 }).evaluation)).not.toEqual(
      rows(of(100, { evalFraction: 0.1 }, 7).evaluation),
    )
  })

  it('keeps all examples of one row on one side', () => {
    const pairs = examples(20).flatMap((each) => [each, { ...each }])
    const split = trainingData({ examples: pairs, isTokenRows: false }, { ...data, evalFraction: 0.3 }, 1)
    expect(split.evaluation.length).toBe(12)
    const held = new Set(rows(split.evaluation))
    expect(rows(split.train).some((row) => held.has(row))).toBe(false)
  })

  it('packs what is trained, never what is held out, and never token rows', () => {
    const packed = of(20, { packing: true, evalFraction: 0.2 })
    expect(packed.train.map((each) => each.rows.length)).toEqual([5, 5, 5, 1])
    expect(packed.evaluation.every((each) => each.segmentIds === undefined)).toBe(true)
    expect(
      trainingData({ examples: examples(4), isTokenRows: true }, { ...data, packing: true }, 1).train.length,
    ).toBe(4)
  })
})

describe('evaluationBatches', () => {
  it('goes through all sequences once, in order', () => {
    const batches = [...evaluationBatches(examples(5), { batchSize: 2 })]
    expect(batches.map((batch) => batch.rows)).toEqual([[0, 1], [2, 3], [4]])
    expect(batches.map((batch) => batch.supervisedTokens)).toEqual([4, 4, 2])
    expect(batches.map((batch) => batch.batchSize)).toEqual([2, 2, 1])
  })
})
