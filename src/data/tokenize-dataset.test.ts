import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Tokenizer } from '../formats/tokenizer.ts'
import { StudioError } from '../util/errors.ts'
import { openChatTemplate } from './chat-template.ts'
import { readDatasetFile } from './dataset-file.ts'
import { datasetReport, lengthHistogram } from './report.ts'
import { embeddedTokenizer, repositoryFile, textSource } from './testing/embedded.ts'
import { runTemplate } from './testing/run-template.ts'
import {
  openDataset,
  refuseBadRows,
  shapedDataset,
  type TokenizeOptions,
  tokenizeDataset,
} from './tokenize-dataset.ts'
import { batchStream, trainingData } from './training-data.ts'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await embeddedTokenizer()
})

const options = (more: Partial<TokenizeOptions> = {}): TokenizeOptions => ({
  tokenizer,
  chatTemplate: () => openChatTemplate(more.tokenizer ?? tokenizer, runTemplate),
  vocabSize: 4096,
  maxSeqLength: 512,
  trainOn: 'completion',
  ...more,
})
const lines = (...rows: unknown[]) => textSource('d.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))
const qa = (output: string) => ({ instruction: 'Q', output })
const data = { maxSeqLength: 512, packing: true, shuffle: true, evalFraction: 0.1 }

async function failure(promise: Promise<unknown>): Promise<StudioError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StudioError)
  return error as StudioError
}

describe('the demo datasets with the embedded tokenizer', () => {
  it.each([
    ['us-state-capitals', 50],
    ['devils-dictionary', 780],
    ['word-cards', 400],
  ])('%s: every row is learned up to its end of turn', async (name, rows) => {
    const dataset = await openDataset(await repositoryFile(`public/datasets/${name}.jsonl`))
    expect(dataset.mapping).toEqual({ shape: 'pair', prompt: ['instruction'], answer: 'output' })
    const tokenized = await tokenizeDataset(dataset, options())
    expect(tokenized).toMatchObject({ rowCount: rows, badRows: [], truncatedCount: 0 })
    expect(tokenized.examples.length).toBe(rows)
    const template = await openChatTemplate(tokenizer, runTemplate)
    for (const [i, example] of tokenized.examples.entries()) {
      const row = dataset.file.rows[i].value as { instruction: string; output: string }
      const prompt = await template.promptIds([{ role: 'user', content: row.instruction }])
      expect(tokenizer.decode(prompt)).toBe(`<|endoftext|><|user|>${row.instruction}<|end|><|assistant|>`)
      expect([...example.inputIds.slice(0, prompt.length)]).toEqual(prompt)
      const learned = example.inputIds.filter((_, t) => example.labels[t] !== -100)
      expect(learned.at(-1)).toBe(4)
      expect(tokenizer.decode(learned)).toBe(`${row.output}<|end|>`)
    }
  })

  it('reports what is trained', async () => {
    const dataset = await openDataset(await repositoryFile('public/datasets/us-state-capitals.jsonl'))
    const tokenized = await tokenizeDataset(dataset, options())
    const split = trainingData(tokenized, data, 42)
    const report = datasetReport(dataset, tokenized, split, { tokenizer, previewRows: 3 })
    expect(report).toMatchObject({
      name: 'us-state-capitals.jsonl',
      fileFormat: 'jsonl',
      format: 'instruction/output',
      mapping: [
        { role: 'prompt', columns: ['instruction'] },
        { role: 'answer', columns: ['output'] },
      ],
      unusedColumns: [],
      rows: 50,
      badRows: [],
      truncatedRows: 0,
      evalRows: 5,
    })
    expect(report.sequences).toBe(split.train.length)
    expect(report.sequences).toBeLessThan(10)
    expect(report.histogram.reduce((sum, bin) => sum + bin.count, 0)).toBe(50)
    expect(report.histogram.at(-1)?.to).toBeGreaterThan(report.longestTokens)
    expect(report.preview.map((row) => row.row)).toEqual([1, 2, 3])
    const [first] = report.preview
    expect(first.tokens.map((token) => token.text).join('')).toBe(
      '<|endoftext|><|user|>What is the capital of Alabama?<|end|><|assistant|>The capital of Alabama is Montgomery.<|end|>',
    )
    const trained = first.tokens.filter((token) => token.trained)
    expect(trained.map((token) => token.text).join('')).toBe('The capital of Alabama is Montgomery.<|end|>')
    expect(first.tokens.filter((token) => token.endOfTurn)).toEqual([
      { id: 4, text: '<|end|>', trained: true, special: true, endOfTurn: true },
    ])
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    const sum = tokenized.examples.reduce((total, { inputIds }) => total + inputIds.length, 0)
    expect(report.totalTokens).toBe(sum)
    const epoch = [
      ...batchStream({
        examples: split.train,
        data,
        train: { maxSteps: 0, numEpochs: 1, batchSize: 2, gradAccumSteps: 2, seed: 1 },
      }),
    ]
    const held = split.evaluation.reduce(
      (total, each) => total + each.labels.filter((label) => label !== -100).length,
      0,
    )
    expect(epoch.reduce((total, step) => total + step.supervisedTokens, 0) + held).toBe(
      report.supervisedTokens,
    )
  })

  it('shows characters made of several tokens once', async () => {
    const dataset = await openDataset(lines(qa('an 🦦 swims')))
    const tokenized = await tokenizeDataset(dataset, options())
    const report = datasetReport(dataset, tokenized, trainingData(tokenized, data, 1), {
      tokenizer,
      previewRows: 1,
    })
    expect(report.preview[0].tokens.map((token) => token.text).join('')).toContain('an 🦦 swims<|end|>')
  })
})

describe('golden token rows', () => {
  type MicroBatch = {
    input_ids: number[][]
    labels: number[][]
    position_ids?: number[][]
    segment_ids?: number[][]
  }
  it.each(['tiny-llama-packed', 'tiny-llama-accumulate'])(
    '%s: rows in order give the same micro-batches',
    async (name) => {
      const text = await readFile(new URL(`../../e2e/golden/${name}/batches.json`, import.meta.url), 'utf8')
      const golden = (JSON.parse(text) as { steps: MicroBatch[][] }).steps
      const rows = golden.flat().flatMap((micro) =>
        micro.input_ids.map((input_ids, i) => ({
          input_ids,
          labels: micro.labels[i],
          ...(micro.position_ids && { position_ids: micro.position_ids[i] }),
          ...(micro.segment_ids && { segment_ids: micro.segment_ids[i] }),
        })),
      )
      const tokenized = await tokenizeDataset(await openDataset(lines(...rows)), {
        vocabSize: 256,
        maxSeqLength: 8,
        trainOn: 'completion',
      })
      expect(tokenized).toMatchObject({ truncatedCount: 0, isTokenRows: true })
      const gradAccumSteps = golden[0].length
      const stream = batchStream({
        examples: trainingData(
          tokenized,
          { maxSeqLength: 8, packing: true, shuffle: false, evalFraction: 0 },
          42,
        ).train,
        data: { shuffle: false },
        train: {
          maxSteps: golden.length,
          numEpochs: 1,
          batchSize: golden[0][0].input_ids.length,
          gradAccumSteps,
          seed: 42,
        },
      })
      const steps = [...stream]
      expect(steps.length).toBe(golden.length)
      steps.forEach((step, s) => {
        expect(step.batches.length).toBe(gradAccumSteps)
        step.batches.forEach((batch, m) => {
          const micro = golden[s][m]
          const T = micro.input_ids[0].length
          expect([...batch.inputIds]).toEqual(micro.input_ids.flat())
          const segments = micro.segment_ids ?? micro.input_ids.map((row) => row.map(() => 0))
          expect([...batch.segmentIds]).toEqual(segments.flat())
          expect([...batch.positionIds]).toEqual(
            (micro.position_ids ?? micro.input_ids.map((row) => row.map((_, t) => t))).flat(),
          )
          const targets = micro.labels.flatMap((row, b) =>
            row.map((_, t) =>
              t + 1 < T && row[t + 1] !== -100 && segments[b][t] === segments[b][t + 1] ? row[t + 1] : -1,
            ),
          )
          expect([...batch.targets]).toEqual(targets)
        })
      })
    },
  )
})

describe('rows that cannot be trained on', () => {
  it('are listed by number and cause, whatever is wrong with them', async () => {
    const source = textSource(
      'd.jsonl',
      [
        JSON.stringify(qa('A')),
        '{"instruction":',
        JSON.stringify({ text: 'x' }),
        '',
        JSON.stringify(qa('')),
        JSON.stringify(qa('B')),
      ].join('\n'),
    )
    const tokenized = await tokenizeDataset(await openDataset(source), options())
    expect(tokenized.examples.map((example) => example.row)).toEqual([0, 5])
    expect(tokenized.rowCount).toBe(5)
    expect(tokenized.badRows.map(({ row, message }) => `${row} ${message}`)).toEqual([
      expect.stringMatching(/^2 is not JSON/),
      expect.stringMatching(/^3 "instruction" is missing/),
      expect.stringMatching(/^5 "output" is empty/),
    ])
    const error = await failure((async () => refuseBadRows('d.jsonl', tokenized.badRows))())
    expect(error.code).toBe('input/dataset-rows')
    expect(error.message).toBe('d.jsonl: 3 rows cannot be trained on (2, 3, 5)')
    expect(error.problems?.map((problem) => problem.message.slice(0, 14))).toEqual([
      'd.jsonl, row 2',
      'd.jsonl, row 3',
      'd.jsonl, row 5',
    ])
    expect(() => refuseBadRows('d.jsonl', [])).not.toThrow()
  })

  it('include rows whose answer lies beyond maxSeqLength', async () => {
    const long = { instruction: 'word '.repeat(40), output: 'A' }
    const tokenized = await tokenizeDataset(
      await openDataset(lines(long, qa('A'))),
      options({ maxSeqLength: 20 }),
    )
    expect(tokenized.badRows).toHaveLength(1)
    expect(tokenized.badRows[0]).toMatchObject({
      row: 1,
      message: expect.stringMatching(/begins after the first 20 tokens/),
    })
  })

  it('include token rows with nothing supervised, unless no labels are needed', async () => {
    const dataset = await openDataset(
      lines({ input_ids: [1, 2, 3], labels: [3, -100, -100] }, { input_ids: [1, 2] }),
    )
    const tokenized = await tokenizeDataset(dataset, options())
    expect(tokenized.badRows).toMatchObject([
      { row: 1, message: expect.stringMatching(/no token is supervised/) },
    ])
    expect((await tokenizeDataset(dataset, options({ requireSupervised: false }))).examples.length).toBe(2)
  })

  it('include token rows with ids and labels that the model does not have', async () => {
    const dataset = await openDataset(
      lines(
        { input_ids: [1, 300] },
        { input_ids: [1, 2], labels: [1, 300] },
        { input_ids: [1, 2], labels: [1, -5] },
        { input_ids: [1, 2] },
      ),
    )
    const tokenized = await tokenizeDataset(dataset, options({ vocabSize: 300 }))
    expect(tokenized.badRows.map(({ message }) => message)).toEqual([
      '"input_ids"[1] is 300, but the model has 300 tokens',
      expect.stringContaining('"labels"[1] is 300'),
      expect.stringContaining('"labels"[1] is -5'),
    ])
  })

  it('include rows that the chat template refuses, in its own words', async () => {
    const strict = await embeddedTokenizer((config) =>
      Object.assign(config, {
        chat_template: `{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}${config.chat_template as string}`,
      }),
    )
    const dataset = await openDataset(
      lines(
        {
          messages: [
            { role: 'system', content: 'S' },
            { role: 'user', content: 'Q' },
            { role: 'assistant', content: 'A' },
          ],
        },
        {
          messages: [
            { role: 'user', content: 'Q' },
            { role: 'assistant', content: 'A' },
          ],
        },
      ),
    )
    const tokenized = await tokenizeDataset(dataset, options({ tokenizer: strict }))
    expect(tokenized.badRows).toMatchObject([
      { row: 1, message: "the model's chat template refuses it: System role not supported" },
    ])
  })

  it('are an error when no row is left', async () => {
    const error = await failure(tokenizeDataset(await openDataset(lines(qa(''), qa(' '))), options()))
    expect(error.message).toBe('d.jsonl has no row to train on')
    expect(error.problems).toHaveLength(2)
  })

  it('never vanish: every row of a random file is trained or listed', async () => {
    const value = fc.oneof(
      fc.string(),
      fc.constant('fine'),
      fc.constant(null),
      fc.integer(),
      fc.constant([{ role: 'user', content: 'x' }]),
    )
    const row = fc.oneof(
      fc.record({ instruction: value, output: value }, { requiredKeys: [] }),
      fc.record({
        messages: fc.oneof(
          value,
          fc.array(fc.record({ role: fc.constantFrom('user', 'assistant', 'x'), content: value }), {
            maxLength: 3,
          }),
        ),
      }),
      fc.record({
        input_ids: fc.oneof(value, fc.array(fc.integer({ min: -2, max: 5000 }), { maxLength: 4 })),
      }),
      fc.jsonValue(),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 6 }), async (rows) => {
        const source = textSource('d.jsonl', rows.map((each) => JSON.stringify(each)).join('\n'))
        const result = await openDataset(source)
          .then((dataset) => tokenizeDataset(dataset, options()))
          .catch((reason: unknown) => reason)
        if (result instanceof StudioError) {
          expect(result.code).toMatch(/^input\//)
          return
        }
        const tokenized = result as Awaited<ReturnType<typeof tokenizeDataset>>
        const trained = new Set(tokenized.examples.map((example) => example.row + 1))
        const listed = tokenized.badRows.map((bad) => bad.row)
        expect([...trained, ...listed].sort((a, b) => a - b)).toEqual(rows.map((_, i) => i + 1))
        for (const bad of tokenized.badRows) expect(bad.message && bad.fix).toBeTruthy()
      }),
      { numRuns: 300 },
    )
  })
})

describe('tokenizeDataset', () => {
  it('needs a tokenizer for text, but not for token rows', async () => {
    const error = await failure(
      tokenizeDataset(await openDataset(lines(qa('A'))), options({ tokenizer: undefined })),
    )
    expect(error).toMatchObject({
      code: 'input/tokenizer',
      message: expect.stringContaining('no tokenizer.json'),
    })
    const rows = await openDataset(lines({ input_ids: [1, 2] }))
    expect((await tokenizeDataset(rows, options({ tokenizer: undefined }))).examples.length).toBe(1)
  })

  it('refuses a tokenizer of another model', async () => {
    const error = await failure(
      tokenizeDataset(await openDataset(lines(qa('Hello there'))), options({ vocabSize: 20 })),
    )
    expect(error).toMatchObject({ code: 'input/tokenizer', message: expect.stringContaining('20 rows') })
  })

  it('cuts long rows and counts them', async () => {
    const tokenized = await tokenizeDataset(
      await openDataset(lines(qa('word '.repeat(50)), qa('A'))),
      options({ maxSeqLength: 16 }),
    )
    expect(tokenized).toMatchObject({ truncatedCount: 1, badRows: [] })
    expect(tokenized.examples[0].inputIds.length).toBe(16)
  })

  it('cuts a plain text file into blocks that hold all of it', async () => {
    const text = Array.from({ length: 8000 }, (_, i) => `Line ${i} of the sea.`).join('\n')
    const dataset = await openDataset(textSource('sea.txt', text))
    const tokenized = await tokenizeDataset(dataset, options({ maxSeqLength: 128 }))
    expect(tokenized.rowCount).toBe(tokenized.examples.length)
    expect(tokenized.examples.every((block) => block.inputIds.length <= 128 && block.inputIds[0] === 0)).toBe(
      true,
    )
    const ids = tokenized.examples.flatMap((block) => [...block.inputIds.slice(1)])
    expect(ids.at(-1)).toBe(0)
    expect(ids.slice(0, -1)).toEqual(tokenizer.encode(text))
    expect(tokenizer.decode(ids.slice(0, -1))).toBe(text)
    const report = datasetReport(dataset, tokenized, trainingData(tokenized, data, 1), {
      tokenizer,
      previewRows: 1,
    })
    expect(report).toMatchObject({ format: 'plain text', mapping: [{ role: 'text', columns: ['text'] }] })
  })

  it('follows a mapping that a person chose', async () => {
    const mapping = { shape: 'pair', prompt: ['title', 'body'], answer: 'summary' } as const
    const file = await readDatasetFile(lines({ title: 'T', body: 'B', summary: 'S' }))
    const dataset = shapedDataset(file, { ...mapping, prompt: [...mapping.prompt] })
    const tokenized = await tokenizeDataset(dataset, options())
    expect(tokenizer.decode(tokenized.examples[0].inputIds)).toBe(
      '<|endoftext|><|user|>T\n\nB<|end|><|assistant|>S<|end|>',
    )
    expect(dataset).toMatchObject({ columns: ['title', 'body', 'summary'], unusedColumns: [] })
  })

  it('names rows that say what an earlier one does, by what is read of them, and leaves them out when asked', async () => {
    const dataset = await openDataset(lines({ id: 1, ...qa('A') }, qa('B'), { id: 2, ...qa('A') }, qa('A ')))
    const kept = await tokenizeDataset(dataset, options())
    expect(kept.duplicates).toEqual([{ row: 3, of: 1 }])
    expect(kept.examples.map(({ row }) => row)).toEqual([0, 1, 2, 3])
    const dropped = await tokenizeDataset(dataset, options({ dropDuplicates: true }))
    expect(dropped).toMatchObject({ duplicates: kept.duplicates, rowCount: 4, badRows: [] })
    expect(dropped.examples.map(({ row }) => row)).toEqual([0, 1, 3])
  })

  it('counts every length before cutting, that of a row of which nothing is left included', async () => {
    const prompt = 'word '.repeat(40)
    const dataset = await openDataset(
      lines(qa('A'), { instruction: prompt, output: 'A' }, { ...qa('A'), id: 2 }),
    )
    const whole = await tokenizeDataset(dataset, options())
    const cut = await tokenizeDataset(dataset, options({ maxSeqLength: 16 }))
    const lengths = whole.examples.map(({ fullLength }) => fullLength)
    expect(cut.lostLengths).toEqual([lengths[1]])
    const report = datasetReport(dataset, cut, trainingData(cut, data, 1), { previewRows: 1 })
    expect(report).toMatchObject({
      longestTokens: lengths[1],
      lengthCounts: [
        [lengths[0], 2],
        [lengths[1], 1],
      ],
    })
  })

  it('reports progress, lets others run and stops when it is given up', async () => {
    const dataset = await openDataset(await repositoryFile('public/datasets/devils-dictionary.jsonl'))
    const seen: [number, number][] = []
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await tokenizeDataset(dataset, options({ onProgress: (done, total) => seen.push([done, total]) }))
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(1)
    expect(seen.at(-1)).toEqual([780, 780])
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b))

    const controller = new AbortController()
    const given = tokenizeDataset(
      dataset,
      options({ signal: controller.signal, onProgress: () => controller.abort(new Error('given up')) }),
    )
    await expect(given).rejects.toThrow('given up')
  })
})

describe('lengthHistogram', () => {
  it('covers all lengths with at most 24 bins of one width', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 60 }), (lengths) => {
        const bins = lengthHistogram(lengths)
        expect(bins.length).toBeLessThanOrEqual(24)
        for (const bin of bins)
          expect(bin.count).toBe(lengths.filter((length) => length >= bin.from && length < bin.to).length)
        expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(lengths.length)
        expect(new Set(bins.map((bin) => bin.to - bin.from)).size).toBe(1)
      }),
    )
    expect(lengthHistogram([])).toEqual([])
  })
})
