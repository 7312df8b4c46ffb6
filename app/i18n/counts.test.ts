import i18next from 'i18next'
import { expect, it } from 'vitest'
import { en } from './en/index.ts'
import './setup.ts'

it('every count is written with its thousands apart', () => {
  expect(JSON.stringify(en)).not.toContain('{{count}}')
  expect(i18next.t('model.contextValue', { count: 2048 })).toBe('2,048 tokens')
})
