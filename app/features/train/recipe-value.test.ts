import i18next from 'i18next'
import { describe, expect, it } from 'vitest'
import '../../i18n/setup.ts'
import { recipeFields } from '../../stores/recipe-fields.ts'
import { recipeValue } from './recipe-value.ts'

describe('recipeValue', () => {
  it('says one and many of every unit of the schema in words', () => {
    const counted = recipeFields().filter(({ unit }) => unit && unit !== 'bytes')
    expect(counted.length).toBeGreaterThan(4)
    for (const field of counted) {
      expect(recipeValue(field, 2000, i18next.t)).toBe(`2,000 ${field.unit}`)
      expect(recipeValue(field, 1, i18next.t)).toMatch(/^1 [a-z]+[^s]$/)
    }
  })
})
