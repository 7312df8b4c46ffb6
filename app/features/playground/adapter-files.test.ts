import { expect, test } from 'vitest'
import type { RunRecord } from '../../stores/history-record.ts'
import { adapterAmong, keptAdapter, runsWithAdapter } from './adapter-files.ts'

const file = (path: string) =>
  Object.assign(new File(['{}'], path.slice(path.lastIndexOf('/') + 1)), { path }) as File

test('finds the two files of one folder among others', () => {
  const found = adapterAmong([
    file('./poems/README.md'),
    file('./other/adapter_model.safetensors'),
    file('./poems/adapter_model.safetensors'),
    file('./poems/adapter_config.json'),
  ])
  expect(found?.name).toBe('poems')
  expect(found?.files.map(({ name }) => name)).toEqual(['adapter_config.json', 'adapter_model.safetensors'])
})

test('files without a folder are an adapter too', () => {
  expect(adapterAmong([file('adapter_config.json'), file('adapter_model.safetensors')])?.name).toBe('adapter')
})

test('one of the two is not enough', () => {
  expect(adapterAmong([file('a/adapter_config.json'), file('b/adapter_model.safetensors')])).toBeNull()
  expect(adapterAmong([file('a/adapter_model.safetensors')])).toBeNull()
})

test('runs of the same model that kept an adapter can be opened, those that kept a whole model cannot', async () => {
  const record = (model: string, ...paths: string[]) =>
    ({ model, files: paths.map((path) => ({ path, sizeBytes: 1 })) }) as RunRecord
  const adapter = record('tiny', 'adapter_model.safetensors', 'adapter_config.json')
  const records = [
    adapter,
    record('tiny', 'model.safetensors', 'config.json'),
    record('other', 'a'),
    record('tiny'),
  ]
  expect(runsWithAdapter(records, 'tiny')).toEqual([adapter])
  const files = keptAdapter([
    { path: 'adapter/adapter_config.json', bytes: new Uint8Array([123, 125]) },
    { path: 'README.md', bytes: new Uint8Array() },
  ])
  expect(files.map(({ name }) => name)).toEqual(['adapter_config.json'])
  expect(files[0].kind === 'blob' && (await files[0].blob.text())).toBe('{}')
})
