import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer, type Tokenizer } from '../formats/tokenizer.ts'
import { memorySource } from '../util/byte-source.ts'
import { TextStream } from './text-stream.ts'

let tokenizer: Tokenizer
beforeAll(async () => {
  const file = (name: string) =>
    memorySource(
      name,
      new Uint8Array(readFileSync(new URL(`../../public/models/studio-tiny-3m/${name}`, import.meta.url))),
    )
  tokenizer = await loadTokenizer({
    tokenizer: file('tokenizer.json'),
    config: file('tokenizer_config.json'),
  })
})

/** Words that sentencepiece writes with a space in front, which its decoder takes away from the first one. */
const spaced: Pick<Tokenizer, 'decode'> = {
  decode: (ids) =>
    Array.from(ids, (id) => [' Once', ' upon', ' a', ' time'][id])
      .join('')
      .replace(/^ /, ''),
}

const pieces = (stream: TextStream, ids: readonly number[]) => [
  ...ids.map((id) => stream.push(id)),
  stream.finish(),
]

describe('TextStream', () => {
  it('gives whole characters only, and all of the text', () => {
    const text = 'naïve 🦊 → 日本語, “ok” é👩‍🚀!'
    const ids = tokenizer.encode(text)
    const parts = pieces(new TextStream(tokenizer), ids)
    expect(parts.join('')).toBe(text)
    // The fox is four bytes, none of which is a character.
    expect(parts.filter((part) => part === '').length).toBeGreaterThan(3)
    for (const part of parts) {
      expect(part).not.toContain('\ufffd')
      // Throws for half a surrogate pair.
      expect(() => encodeURIComponent(part)).not.toThrow()
    }
  })

  it('gives broken bytes in the end, as they are', () => {
    const ids = tokenizer.encode('a🦊').slice(0, -1)
    const stream = new TextStream(tokenizer)
    expect(ids.map((id) => stream.push(id)).join('')).toBe('a')
    expect(stream.finish()).toMatch(/^\ufffd+$/)
  })

  it('does not wait for ever for a character that never becomes whole', () => {
    const [first] = tokenizer.encode('🦊')
    const stream = new TextStream(tokenizer)
    const parts = Array.from({ length: 9 }, () => stream.push(first))
    expect(parts.join('').length).toBeGreaterThanOrEqual(4)
  })

  it('says nothing of special tokens', () => {
    const ids = [...tokenizer.encode('Hello'), 3, ...tokenizer.encode(' you'), 4]
    const stream = new TextStream(tokenizer)
    pieces(stream, ids)
    expect(stream.text).toBe('Hello you')
  })

  it('keeps the space between the prompt and the text', () => {
    const stream = new TextStream(spaced as Tokenizer, [0, 1])
    expect(pieces(stream, [2, 3]).join('')).toBe(' a time')
    expect(pieces(new TextStream(spaced as Tokenizer), [2, 3]).join('')).toBe('a time')
  })
})

describe('stop strings', () => {
  const textOf = (text: string, stops: string[]) => {
    const stream = new TextStream(tokenizer, [], stops)
    const given: string[] = []
    for (const id of tokenizer.encode(text)) {
      given.push(stream.push(id))
      if (stream.stopped) break
    }
    given.push(stream.finish())
    expect(given.join('')).toBe(stream.text)
    return { text: stream.text, stopped: stream.stopped, given }
  }

  it('end the text before the first of them', () => {
    expect(textOf('One day. Two days. Three', ['Three', ' Two'])).toMatchObject({
      text: 'One day.',
      stopped: true,
    })
  })

  it('are never given out in part, across tokens', () => {
    const { text, stopped } = textOf('The answer is 42\n\nUser: and', ['\n\nUser:'])
    expect({ text, stopped }).toEqual({ text: 'The answer is 42', stopped: true })
  })

  it('that do not come hold nothing back in the end', () => {
    expect(textOf('almost a sto', ['stop'])).toMatchObject({ text: 'almost a sto', stopped: false })
    expect(textOf('stories to stoke', ['stop'])).toMatchObject({ text: 'stories to stoke', stopped: false })
  })
})
