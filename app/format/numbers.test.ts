import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEstimate,
  formatExact,
  formatFixed,
  formatInteger,
  formatNumber,
  formatPercent,
} from './numbers.ts'

describe('formatNumber', () => {
  it.each([
    [0, '0'],
    [4.14159, '4.14'],
    [0.0123456, '0.0123'],
    [0.0002, '2e−4'],
    [1.2345e-9, '1.23e−9'],
    [123456, '123,000'],
    [-2.5, '−2.5'],
    [1e20, '1e20'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NEGATIVE_INFINITY, '−∞'],
    [null, '–'],
  ])('%d is %s', (value, text) => expect(formatNumber(value)).toBe(text))
})

describe('formatCount', () => {
  it.each([
    [50, '50'],
    [9999, '9,999'],
    [12_345, '12.3 k'],
    [3_148_224, '3.15 M'],
    [999_999, '1 M'],
    [7e9, '7 B'],
  ])('%d is %s', (value, text) => expect(formatCount(value)).toBe(text))
})

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1 KiB'],
    [6_302_472, '6.01 MiB'],
    [1024 * 1023, '1,023 KiB'],
    [2 ** 31, '2 GiB'],
    [2 ** 30 - 4, '1 GiB'],
    [Number.NaN, 'NaN'],
  ])('%d is %s', (value, text) => expect(formatBytes(value)).toBe(text))
})

describe('durations', () => {
  it.each([
    [850, '850 ms'],
    [1234, '1.2 s'],
    [12_400, '12 s'],
    [185_000, '3 min 5 s'],
    [120_000, '2 min'],
    [4_320_000, '1 h 12 min'],
    [null, '–'],
  ])('%d ms is %s', (value, text) => expect(formatDuration(value)).toBe(text))

  it.each([
    [0.2, '1 s'],
    [42, '40 s'],
    [118, '2 min'],
    [4000, '1 h 5 min'],
  ])('about %d s is %s', (value, text) => expect(formatEstimate(value)).toBe(text))
})

describe('the rest', () => {
  it('keeps what it promises', () => {
    expect(formatInteger(3_148_224)).toBe('3,148,224')
    expect(formatInteger(Number.NaN)).toBe('NaN')
    expect(formatPercent(0.01234)).toBe('1.23 %')
    expect(formatFixed(4.1265, 3)).toBe('4.127')
    expect(formatFixed(undefined, 3)).toBe('–')
    expect(formatExact(0.1234567891)).toBe('0.1234567891')
    expect(formatExact(1e-9)).toBe('1e−9')
    expect(formatExact(Number.NaN)).toBe('NaN')
  })
})
