import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../../src/config/parse.ts'
import { differences, recipeFields, valueAt, withValue } from './recipe-fields.ts'

const fields = recipeFields()
const field = (path: string) => fields.find((candidate) => candidate.path === path)

describe('recipeFields', () => {
  it('takes label, help, unit and range from the schema', () => {
    expect(field('lora.rank')).toMatchObject({
      section: 'lora',
      control: 'integer',
      min: 1,
      max: 256,
      label: 'Rank',
      depth: 1,
    })
    expect(field('data.maxSeqLength')).toMatchObject({ control: 'integer', unit: 'tokens', min: 2 })
    expect(field('optimizer.lr')).toMatchObject({ control: 'number', min: 0, max: 10 })
    expect(field('data.packing')).toMatchObject({ control: 'switch' })
    expect(field('quantization.blockSize')).toMatchObject({ control: 'choice' })
    expect(field('quantization.blockSize')?.options).toContain(64)
    expect(field('lora.targetModules')).toMatchObject({ control: 'modules' })
    expect(field('lora.targetModules')?.options).toHaveLength(7)
  })

  it('has no upper end where the schema has none', () => {
    expect(field('train.maxSteps')?.max).toBeUndefined()
  })

  it('offers nothing that the engine refuses', () => {
    const defaults = parseRunConfig({})
    for (const { path, control, options } of fields) {
      if (control !== 'choice') continue
      for (const option of options)
        expect(() => parseRunConfig(withValue(defaults, path, option)), `${path} ${option}`).not.toThrow()
    }
    for (const { path, control } of fields) {
      if (control !== 'switch') continue
      for (const on of [true, false])
        expect(() => parseRunConfig(withValue(defaults, path, on)), path).not.toThrow()
    }
  })

  it('gives every field a label and a sentence of help', () => {
    for (const { path, label, help } of fields) {
      expect(label.length, path).toBeGreaterThan(2)
      expect(help, path).toMatch(/\.$/)
    }
  })
})

describe('recipes', () => {
  it('are read and changed by path without touching the original', () => {
    const config = parseRunConfig({})
    const changed = withValue(config, 'lora.rank', 4)
    expect(valueAt(changed, 'lora.rank')).toBe(4)
    expect(valueAt(config, 'lora.rank')).toBe(16)
    expect(valueAt(changed, 'lora.nothing.here')).toBeUndefined()
    expect(differences(fields, config, changed)).toEqual(['lora.rank'])
    expect(differences(fields, config, parseRunConfig({}))).toEqual([])
  })
})
