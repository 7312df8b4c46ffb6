import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { duplicateKeys, JsonFields, parseJsonObject, shown } from './json.ts'

describe('duplicateKeys', () => {
  it('finds keys of one object only, however they are written', () => {
    expect(duplicateKeys('{"a":1,"b":{"a":2},"c":["a","a",{"a":1}]}')).toEqual([])
    expect(duplicateKeys('{"a":1,"\\u0061" \n :2}')).toEqual(['a'])
    expect(duplicateKeys('{"x":[{"q\\"":{}, "q\\"":[]}],"y":"x","z":"{\\"x\\":1,\\"x\\":2}"}')).toEqual([
      'q"',
    ])
  })

  it('finds none in what JSON.stringify writes', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.nat(3),
        (value, indent) => duplicateKeys(JSON.stringify(value, null, indent)).length === 0,
      ),
    )
  })

  it('bears very long strings', () => {
    const long = '\\n'.repeat(2e6)
    expect(duplicateKeys(`{"${long}":1,"${long}":2}`)).toHaveLength(1)
  })
})

describe('JsonFields', () => {
  it('reads what is there and collects what is wrong, by its full name', () => {
    const fields = new JsonFields(
      parseJsonObject('{"n":3,"s":"x","b":true,"o":{"m":1.5}}', 'f.json', 'test'),
      'f.json',
    )
    expect([fields.integer('n'), fields.string('s'), fields.boolean('b', false)]).toEqual([3, 'x', true])
    expect([
      fields.integer('absent', { fallback: 7 }),
      fields.string('absent'),
      fields.nested('absent'),
    ]).toEqual([7, null, null])
    expect(fields.problems).toEqual([])
    expect(fields.nested('o')?.integer('m', { min: 2 })).toBeNaN()
    expect(fields.number('s')).toBeNaN()
    expect(fields.number('absent')).toBeNaN()
    expect(fields.problems.map(({ message }) => message)).toEqual([
      'f.json: "o.m" must be an integer of at least 2, found 1.5',
      'f.json: "s" must be a number, found "x"',
      'f.json: "absent" is missing',
    ])
  })
})

it('shows values cut short', () => {
  expect(shown(undefined)).toBe('undefined')
  expect(shown('x'.repeat(200))).toHaveLength(78)
})

it('names the file that is no JSON object', () => {
  expect(() => parseJsonObject('[]', 'x.json', 'test')).toThrow('x.json must hold a JSON object, found []')
  expect(() => parseJsonObject('{', 'x.json', 'test')).toThrow(/x.json is not valid JSON/)
})
