import { expect, it } from 'vitest'
import { licenceIn } from './licence.ts'

it.each([
  ['---\nlanguage: en\nlicense: apache-2.0\n---\n# A model', 'apache-2.0'],
  ['---\r\nlicense: "mit"\r\n---\r\n', 'mit'],
  ['---\nlicense: other\nlicense_name: tongyi-qianwen\n---\n', 'tongyi-qianwen'],
  ['---\nlicense: other\n---\n', 'other'],
  ['---\nlanguage: en\n---\nlicense: mit', null],
  ['license: mit', null],
  ['# A model\n---\nlicense: mit\n---\n', null],
  ['', null],
])('licence of %j', (card, licence) => {
  expect(licenceIn(card)).toBe(licence)
})
