import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { goldenCase, writeDataset } from './support/cases.ts'
import { ModelCopy } from './support/model-folder.ts'
import { type CliResult, runCli } from './support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'nibble-bad-input-'))
const at = (name: string) => join(folder, name)
const good = goldenCase('tiny-llama/qlora')
const data = at('rows.jsonl')
const oneStep = at('one-step.json')
let runs = 0

beforeAll(() => {
  writeDataset(data, good)
  writeFileSync(oneStep, JSON.stringify({ train: { maxSteps: 1, batchSize: 1, gradAccumSteps: 1 } }))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, content: string): string {
  writeFileSync(at(name), content)
  return at(name)
}

interface Given {
  model?: string
  data?: string
  more?: string[]
  runtime?: 'dawn' | 'chromium'
}

/** Tries to train; the output folder's name is new each time. */
async function finetune({
  model = good.modelDir,
  data: file = data,
  more = [],
  runtime = 'dawn',
}: Given): Promise<CliResult & { out: string }> {
  const out = at(`out-${runs++}`)
  return {
    ...(await runCli(runtime, ['finetune', '--model', model, '--data', file, '--out', out, ...more])),
    out,
  }
}

/** One clear explanation: exit 2, nothing on standard output, no trace of the program's insides, a fix. */
function expectRefusal({ code, stdout, stderr }: CliResult, ...messages: RegExp[]): void {
  for (const message of messages) expect(stderr).toMatch(message)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).not.toMatch(/\n\s+at |\.js:\d+|\[object|undefined/)
  const problems = stderr.match(/^(error: (?!\d+ problems)| {2}- )/gm) ?? []
  expect(problems.length).toBeGreaterThanOrEqual(messages.length)
  expect(stderr).toMatch(/^ +fix: /m)
}

describe('what was typed', () => {
  test('every wrong option is named, with the usage', async () => {
    const result = await runCli('dawn', ['finetune', '--modell', 'x', '--data', data, '--epochs', '3'])
    expectRefusal(
      result,
      /no option --modell/,
      /no option --epochs/,
      /--model is missing/,
      /--out is missing/,
    )
    expect(result.stderr).toMatch(/usage: npm run --silent cli -- finetune --model DIR/)
  })

  test('a command of another version is refused as such', async () => {
    expectRefusal(
      await runCli('dawn', ['merge', '--model', good.modelDir]),
      /"merge" is not available in this version/,
    )
  })

  test('--resume is refused where there is no checkpoint', async () => {
    expectRefusal(await finetune({ more: ['--resume'] }), /--resume: .*checkpoint is missing/)
  })
})

describe('problems of several files at once', () => {
  test('a bad config, an empty model folder, and a missing dataset', async () => {
    mkdirSync(at('empty-folder'))
    const config = write(
      'bad.json',
      '{"lora": {"rank": 0, "aplha": 8}, "optimizer": {"lr": -1}, "method": "qlora", "train": {"batchSize": 1.5}}',
    )
    const result = await finetune({
      model: at('empty-folder'),
      data: at('no-such.jsonl'),
      more: ['--config', config],
    })
    expectRefusal(
      result,
      /has no config\.json/,
      /has no model\.safetensors/,
      /no-such\.jsonl does not exist/,
      /"lora\.rank"/,
      /"lora\.aplha"/,
      /"optimizer\.lr"/,
      /"train\.batchSize"/,
    )
    expect(existsSync(result.out)).toBe(false)
  })

  test('an impossible config', async () => {
    const config = write(
      'impossible.json',
      '{"method": "qlora", "quantization": {"type": "none"}, "train": {"maxSteps": 2}, "optimizer": {"warmupSteps": 3}}',
    )
    expectRefusal(
      await finetune({ more: ['--config', config] }),
      /quantization\.type is "none"/,
      /warmupSteps \(3\) is larger/,
    )
  })

  test('an adapter that contradicts the config', async () => {
    const config = write('conflict.json', '{"lora": {"rank": 16, "alpha": 32}}')
    const more = ['--config', config, '--adapter', good.adapterDir]
    expectRefusal(
      await finetune({ more }),
      /"lora\.rank" is 16, but the adapter was made with 8/,
      /"lora\.alpha" is 32/,
    )
  })

  test('settings that are no JSON', async () => {
    expectRefusal(
      await finetune({ more: ['--config', write('torn.json', '{"lora": {')] }),
      /torn\.json is not valid JSON/,
    )
  })
})

describe('a damaged model', () => {
  const copy = (name: string) => new ModelCopy(at(name))

  test('weights that end too early', async () => {
    const model = copy('truncated')
    model.truncateWeights(300_000)
    expectRefusal(await finetune({ model: model.path }), /model\.safetensors/)
  })

  test('a header that lies about its length', async () => {
    const model = copy('lying')
    model.write('model.safetensors', Uint8Array.of(255, 255, 255, 255, 255, 255, 0, 0, 123, 125))
    expectRefusal(await finetune({ model: model.path }), /model\.safetensors/)
  })

  test('a header that lies about its tensors', async () => {
    const model = copy('overlapping')
    model.editHeader((header) => {
      header['model.norm.weight'].data_offsets[1] += 4096
    })
    expectRefusal(await finetune({ model: model.path }), /model\.norm\.weight/)
  })

  test('missing tensors, all named', async () => {
    const model = copy('missing')
    model.editHeader((header) => {
      for (const name of ['model.layers.1.mlp.up_proj.weight', 'model.norm.weight']) {
        header[`unused.${name}`] = header[name]
        delete header[name]
      }
    })
    expectRefusal(
      await finetune({ model: model.path }),
      /"model\.layers\.1\.mlp\.up_proj\.weight".* is missing/,
      /"model\.norm\.weight".* is missing/,
    )
  })

  test('tensors of the wrong shape', async () => {
    const model = copy('misshapen')
    model.editHeader((header) => {
      header['model.layers.0.mlp.gate_proj.weight'].shape = [64, 172]
    })
    expectRefusal(await finetune({ model: model.path }), /gate_proj\.weight" has shape \[64,\s?172\]/)
  })

  test('a broken tokenizer', async () => {
    const model = copy('tokenizer')
    model.write('tokenizer.json', '{"model": {"type": "BPE", "vocab": ')
    expectRefusal(await finetune({ model: model.path }), /tokenizer\.json/)
  })

  test('an unknown architecture, with the list of those known', async () => {
    const model = copy('architecture')
    model.editConfig({ model_type: 'mamba', architectures: ['MambaForCausalLM'] })
    expectRefusal(await finetune({ model: model.path }), /mamba.*llama/is)
  })

  test('in Chromium just as in Node', async () => {
    const model = copy('truncated-chromium')
    model.truncateWeights(300_000)
    expectRefusal(await finetune({ model: model.path, runtime: 'chromium' }), /model\.safetensors/)
  })
})

describe('a dataset that cannot be trained on', () => {
  test('an empty file', async () => {
    expectRefusal(await finetune({ data: write('empty.jsonl', '') }), /empty\.jsonl/)
  })

  test('rows of text for a model without a tokenizer', async () => {
    expectRefusal(
      await finetune({ data: write('text.jsonl', '{"prompt":"a","completion":"b"}\n') }),
      /tokenizer/,
    )
  })

  const mixed = () =>
    write(
      'mixed.jsonl',
      [
        '{"input_ids":[1,2,3,4]}',
        '{"input_ids":[1,2,3',
        '{"input_ids":[1,2,999]}',
        '{"input_ids":[1,2,3],"labels":[1,2]}',
        '{"input_ids":[1,2,3],"labels":[-100,-100,-100]}',
        '{"input_ids":[5,6,7,8]}',
      ].join('\n'),
    )

  test('bad rows, each by its number and cause', async () => {
    expectRefusal(
      await finetune({ data: mixed() }),
      /row 2: /,
      /row 3: .*999.*256/,
      /row 4: .*"labels" has 2/,
      /row 5: .*nothing to learn/,
    )
  })

  test('--skip-bad-rows lists them and trains on the others', async () => {
    const result = await finetune({ data: mixed(), more: ['--skip-bad-rows', '--config', oneStep, '--json'] })
    expect(result, result.stderr).toMatchObject({ code: 0 })
    for (const row of [2, 3, 4, 5]) expect(result.stderr).toMatch(new RegExp(`skipped row ${row}: `))
    expect(JSON.parse(result.stdout)).toMatchObject({ steps: 1, skippedRows: 4 })
    expect(existsSync(join(result.out, 'adapter', 'adapter_model.safetensors'))).toBe(true)
  })
})

test('an output folder that is a file', async () => {
  const file = write('in-the-way', '')
  expectRefusal(
    await runCli('dawn', ['finetune', '--model', good.modelDir, '--data', data, '--out', file]),
    /in-the-way is a file, not a folder/,
  )
})

test('quantize will not write over the model it reads', async () => {
  const model = new ModelCopy(at('own-folder'))
  expectRefusal(
    await runCli('dawn', ['quantize', '--model', model.path, '--out', model.path]),
    /--out is the folder of --model/,
  )
})

describe('columns of other names', () => {
  const model = fileURLToPath(new URL('../../public/models/studio-tiny-3m', import.meta.url))
  const row = '{"q":"What is the capital of Alaska?","a":"Juneau"}\n'
  const evaluate = (rows: string, settings: object) =>
    runCli('dawn', [
      ...['evaluate', '--model', model, '--data', write('qa.jsonl', rows), '--json'],
      ...['--config', write('columns.json', JSON.stringify({ data: settings }))],
    ])
  const mapping = { shape: 'pair', prompt: ['q'], answer: 'a' }

  test('are named, and read as data.mapping says; duplicates are named too', async () => {
    expectRefusal(await evaluate(row, {}), /its columns are q, a[\s\S]*data\.mapping/)
    expectRefusal(
      await evaluate(row, { mapping: { ...mapping, answer: 'reply' } }),
      /"reply", which no row of qa\.jsonl has: its columns are q, a/,
    )
    const { stdout, stderr } = await evaluate(row + row, { mapping, dropDuplicates: true })
    expect(stderr).toMatch(/left out 1 row that says the same as an earlier one \(2 as 1\)/)
    const { supervisedTokens } = JSON.parse(stdout)
    expect(supervisedTokens).toBeGreaterThan(1)
    expect(supervisedTokens).toBeLessThan(12)
  })
})
