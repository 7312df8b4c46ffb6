import { expect, test } from 'vitest'
import { adapterAmong } from './adapter-files.ts'

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
