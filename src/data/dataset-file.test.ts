import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memorySource } from '../util/byte-source.ts'
import { StudioError } from '../util/errors.ts'
import { readDatasetFile } from './dataset-file.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const read = (name: string, text: string | Uint8Array<ArrayBuffer>) =>
  readDatasetFile(memorySource(name, typeof text === 'string' ? encode(text) : text))

describe('readDatasetFile', () => {
  it('reads JSON lines with a byte order mark, CRLF and blank lines, and numbers rows by line', async () => {
    const file = await read('d.jsonl', '\ufeff{"text":"a"}\r\n\r\n{"text":"b"}\r\n   \r\n{"text":"c"}\r\n')
    expect(file.format).toBe('jsonl')
    expect(file.rows).toEqual([
      { row: 0, value: { text: 'a' } },
      { row: 2, value: { text: 'b' } },
      { row: 4, value: { text: 'c' } },
    ])
    expect(file.badRows).toEqual([])
  })

  it('lists every broken line by its number and keeps the others', async () => {
    const file = await read('d.jsonl', '{"text":"a"\n{"text":"b"}\nnonsense\n{"text":"c"}')
    expect(file.rows.map(({ row }) => row)).toEqual([1, 3])
    expect(file.badRows.map(({ row }) => row)).toEqual([1, 3])
    expect(file.badRows[0].message).toMatch(/^is not JSON: /)
  })

  it.each([
    ['a list', '[{"text":"a"},\n {"text":"b"}]', [{ text: 'a' }, { text: 'b' }]],
    ['a list under data', '{\n "data": [{"text":"a"}]\n}', [{ text: 'a' }]],
    ['a list under rows on one line', '{"rows": [{"text":"a"}]}', [{ text: 'a' }]],
    ['a list under train', '{"version": 1, "train": [{"text":"a"}]}', [{ text: 'a' }]],
    ['rows of the dataset viewer', '{"rows": [{"row_idx":0,"row":{"text":"a"}}]}', [{ text: 'a' }]],
    ['a single pretty-printed row', '{\n "text": "a"\n}', [{ text: 'a' }]],
  ])('reads JSON that is %s', async (_what, text, values) => {
    for (const name of ['d.json', 'd.jsonl', 'd.txt', 'd']) {
      expect((await read(name, text)).rows.map(({ value }) => value)).toEqual(values)
    }
  })

  it('goes by content where the name says otherwise', async () => {
    expect((await read('d.txt', '{"text":"a"}\n{"text":"b"}')).format).toBe('jsonl')
    expect((await read('d.json', '{"text":"a"}\n{"text":"b"}')).format).toBe('jsonl')
    expect((await read('d.jsonl', '[{"text":"a"}]')).format).toBe('json')
    expect((await read('d.txt', '[Chapter 1]\n{it was dark}')).format).toBe('document')
    expect((await read('d.md', '{braces} in prose')).format).toBe('document')
  })

  it('takes plain text as one document', async () => {
    const file = await read('d.txt', 'Once upon\r\n\r\na time')
    expect(file).toMatchObject({
      format: 'document',
      rows: [{ row: 0, value: { text: 'Once upon\n\na time' } }],
    })
  })

  it('reads UTF-16 by its byte order mark', async () => {
    const utf16 = Uint8Array.from(
      [...'\ufeff{"text":"é"}'].flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]),
    )
    expect((await read('d.jsonl', utf16)).rows[0].value).toEqual({ text: 'é' })
  })

  it.each([
    ['nothing', 'd.jsonl', '', /d\.jsonl is empty/],
    ['only blanks', 'd.txt', ' \n\n', /d\.txt is empty/],
    ['an empty list', 'd.json', '[]', /empty list/],
    ['broken JSON', 'd.json', '[{"text": "a"},', /d\.json is not JSON/],
    ['prose named .json', 'd.json', 'hello', /d\.json is not JSON/],
    ['prose named .jsonl', 'd.jsonl', 'hello\nworld', /no line that is a JSON object/],
    ['Latin-1', 'd.txt', Uint8Array.from([0x63, 0xe9, 0x20]), /not text in UTF-8/],
    ['zero bytes', 'd.txt', Uint8Array.from([0x63, 0, 0x20]), /zero bytes/],
    ['Parquet', 'd.parquet', 'PAR1....', /Parquet/],
    ['gzip', 'd.jsonl.gz', Uint8Array.from([0x1f, 0x8b, 8, 0]), /gzip/],
    ['CSV', 'd.csv', 'a,b\n1,2', /CSV/],
  ])('refuses a file that holds %s', async (_what, name, text, message) => {
    const error = await read(name, text).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StudioError)
    expect((error as StudioError).code).toBe('input/dataset')
    expect((error as StudioError).message).toMatch(message)
    expect((error as StudioError).hint).toBeTruthy()
  })

  it('decodes characters that straddle the chunks of a large file', async () => {
    const line = `${JSON.stringify({ text: 'é🦦'.repeat(50) })}\n`
    const count = Math.ceil((5 * 2 ** 20) / encode(line).length)
    const file = await read('d.jsonl', `{"text":"x"}\n${line.repeat(count)}`)
    expect(file.badRows).toEqual([])
    expect(file.rows.length).toBe(count + 1)
    expect(file.rows.at(-1)?.value).toEqual({ text: 'é🦦'.repeat(50) })
  })

  it('stops when it is given up', async () => {
    const aborted = readDatasetFile(memorySource('d.jsonl', encode('{"text":"a"}\n'.repeat(9))), {
      signal: AbortSignal.abort(new Error('stop')),
    })
    await expect(aborted).rejects.toThrow('stop')
  })

  it('accounts for every non-blank line of any text, or says in one error what is wrong', async () => {
    const line = fc.oneof(
      fc.json(),
      fc.string(),
      fc.constant('{"text":"ok"}'),
      fc.constant(''),
      fc.constant('{"text":'),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 8 }),
        fc.constantFrom('d.jsonl', 'd.json', 'd.txt'),
        async (lines, name) => {
          const text = lines.join('\n')
          const result = await read(name, text).catch((reason: unknown) => reason)
          if (result instanceof StudioError) {
            expect(result.code).toBe('input/dataset')
            return
          }
          const file = result as Awaited<ReturnType<typeof read>>
          expect(file.rows.length).toBeGreaterThan(0)
          if (file.format !== 'jsonl') return
          const seen = [...file.rows.map(({ row }) => row + 1), ...file.badRows.map(({ row }) => row)].sort(
            (a, b) => a - b,
          )
          const nonBlank = text.split('\n').flatMap((each, i) => (each.trim() === '' ? [] : [i + 1]))
          expect(seen).toEqual(nonBlank)
        },
      ),
      { numRuns: 300 },
    )
  })
})
