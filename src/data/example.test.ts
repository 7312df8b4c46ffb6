import { beforeAll, describe, expect, it } from 'vitest'
import type { Tokenizer } from '../formats/tokenizer.ts'
import { type ChatMessage, DEFAULT_CHAT_TEMPLATE, openChatTemplate, textPromptIds } from './chat-template.ts'
import { chatExamples, type Example, textExamples, tokenExample } from './example.ts'
import { IGNORE_INDEX } from './row-shapes.ts'
import { embeddedTokenizer } from './testing/embedded.ts'
import { runTemplate } from './testing/run-template.ts'
import { writtenAnswers } from './written-answers.ts'

const options = { maxSeqLength: 512, trainOn: 'completion' } as const
const user = (content: string): ChatMessage => ({ role: 'user', content })
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content })

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await embeddedTokenizer()
})

const learned = (example: Example) =>
  tokenizer.decode(example.inputIds.filter((_, t) => example.labels[t] !== IGNORE_INDEX))
const whole = (example: Example) => tokenizer.decode(example.inputIds)
const templateOf = (using: Tokenizer) => openChatTemplate(using, runTemplate)
async function examplesOf(
  messages: ChatMessage[],
  using: Tokenizer = tokenizer,
  choice: Parameters<typeof chatExamples>[4] = options,
): Promise<Example[]> {
  const [written] = await writtenAnswers(await templateOf(using), [messages])
  if ('refusal' in written) throw new Error(written.refusal)
  return chatExamples(3, messages, written, using, choice)
}

describe('the embedded model’s chat template', () => {
  it('writes what its README says', async () => {
    const template = await templateOf(tokenizer)
    const written = async (messages: ChatMessage[], addGenerationPrompt = false) =>
      (await template.write([{ messages, addGenerationPrompt }]))[0]
    const messages = [user('Define "otter" (n.).')]
    const prompt = '<|endoftext|><|user|>Define "otter" (n.).<|end|><|assistant|>'
    expect(await written(messages, true)).toEqual({ text: prompt })
    expect(tokenizer.decode(await template.promptIds(messages))).toBe(prompt)
    expect(await written([...messages, assistant('An animal.')])).toEqual({
      text: `${prompt}An animal.<|end|>`,
    })
    expect(await written([{ role: 'system', content: 'Be brief.' }, ...messages])).toEqual({
      text: '<|endoftext|><|user|>Be brief.\n\nDefine "otter" (n.).<|end|>',
    })
    expect([...template.stopIds].sort()).toEqual([0, 4])
    expect(template.isDefault).toBe(false)
  })

  it('is refused with its cause when it cannot be parsed', async () => {
    const broken = await embeddedTokenizer((config) => Object.assign(config, { chat_template: '{% for %}' }))
    await expect(templateOf(broken)).rejects.toThrow(/chat template .* cannot be read/)
  })
})

describe('chatExamples', () => {
  it('feeds the prompt that generation feeds, and learns the answer with its end of turn', async () => {
    const [example] = await examplesOf([user('What is a river?'), assistant('Water.')])
    const prompt = await (await templateOf(tokenizer)).promptIds([user('What is a river?')])
    expect([...example.inputIds.slice(0, prompt.length)]).toEqual(prompt)
    expect([...example.labels.slice(0, prompt.length)]).toEqual(prompt.map(() => IGNORE_INDEX))
    expect(learned(example)).toBe('Water.<|end|>')
    expect(example.inputIds.at(-1)).toBe(4)
    expect(example.endOfTurn).toEqual([example.inputIds.length - 1])
    expect(example).toMatchObject({ row: 3, rows: [3], fullLength: example.inputIds.length })
    expect(example.inputIds.filter((id) => id === 0).length).toBe(1)
  })

  it('learns every answer of a conversation and nothing in between', async () => {
    const messages = [
      user('Hi'),
      assistant('Hello.'),
      user('Bye'),
      assistant('Good night.'),
      user('never answered'),
    ]
    const [example, ...others] = await examplesOf(messages)
    expect(others).toEqual([])
    expect(whole(example)).toBe(
      '<|endoftext|><|user|>Hi<|end|><|assistant|>Hello.<|end|><|user|>Bye<|end|><|assistant|>Good night.<|end|>',
    )
    expect(learned(example)).toBe('Hello.<|end|>Good night.<|end|>')
    expect(example.endOfTurn.map((t) => example.inputIds[t])).toEqual([4, 4])
    const secondPrompt = await (await templateOf(tokenizer)).promptIds(messages.slice(0, 3))
    expect([...example.inputIds.slice(0, secondPrompt.length)]).toEqual(secondPrompt)
  })

  it('learns the prompts too when asked', async () => {
    const [example] = await examplesOf([user('Hi'), assistant('Hello.')], tokenizer, {
      ...options,
      trainOn: 'all',
    })
    expect([...example.labels]).toEqual([...example.inputIds])
  })

  it('cuts what is longer than maxSeqLength and says how long it was', async () => {
    const [example] = await examplesOf([user('Hi'), assistant('one two three four five six')], tokenizer, {
      ...options,
      maxSeqLength: 7,
    })
    expect(example.inputIds.length).toBe(7)
    expect(example.labels.length).toBe(7)
    expect(example.fullLength).toBeGreaterThan(7)
    expect(example.endOfTurn).toEqual([])
  })

  it('never has two BOS, and not two ends of turn when the answer brings one', async () => {
    const twice = await embeddedTokenizer((config) =>
      Object.assign(config, { chat_template: `{{ bos_token }}${config.chat_template as string}` }),
    )
    const [example] = await examplesOf([user('Hi'), assistant('Hello.<|end|>')], twice)
    expect(whole(example)).toBe('<|endoftext|><|user|>Hi<|end|><|assistant|>Hello.<|end|>')
    expect(learned(example)).toBe('Hello.<|end|>')
  })

  it('masks what a template writes after the end of turn, and drops it at the end', async () => {
    const newlines = await embeddedTokenizer((config) =>
      Object.assign(config, {
        chat_template: (config.chat_template as string).replaceAll("'<|end|>'", "'<|end|>\\n'"),
      }),
    )
    const [example] = await examplesOf(
      [user('Hi'), assistant('Hello.'), user('Bye'), assistant('Bye.')],
      newlines,
    )
    expect(learned(example)).toBe('Hello.<|end|>Bye.<|end|>')
    expect(whole(example)).toBe(
      '<|endoftext|><|user|>Hi<|end|>\n<|assistant|>Hello.<|end|>\n<|user|>Bye<|end|>\n<|assistant|>Bye.<|end|>',
    )
  })

  it('ends the last answer with EOS when the template ends no turn', async () => {
    const bare = await embeddedTokenizer((config) =>
      Object.assign(config, {
        eos_token: '<|pad|>',
        chat_template:
          "{% for m in messages %}{{ m.role + ': ' + m.content + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}",
      }),
    )
    const [example] = await examplesOf([user('Hi'), assistant('Hello.')], bare)
    expect(whole(example)).toMatch(/^user: Hi\nassistant: Hello\.\n<\|pad\|>$/)
    expect(example.endOfTurn).toEqual([example.inputIds.length - 1])
    expect(example.inputIds.filter((id) => id === 1).length).toBe(1)
  })

  it('encodes the answer alone where the prompt’s tokens are no beginning of the whole', async () => {
    // "assistant:" + " Hello." merges over the border, so that the prompt's last token changes in the whole text.
    const bordered = await embeddedTokenizer((config) =>
      Object.assign(config, {
        chat_template:
          "{% for m in messages %}{{ m.content if m.role == 'user' else m.content + '<|end|>' }}{% endfor %}",
      }),
    )
    const prompt = [user('walk')]
    const messages = [...prompt, assistant('ing home')]
    const promptIds = await (await templateOf(bordered)).promptIds(prompt)
    const joined = bordered.encode('walking home<|end|>')
    expect(joined.slice(0, promptIds.length)).not.toEqual(promptIds)
    const [example] = await examplesOf(messages, bordered)
    expect([...example.inputIds]).toEqual([...promptIds, ...bordered.encode('ing home<|end|>')])
    expect(learned(example)).toBe('ing home<|end|>')
  })

  it('takes the answer from its own text when only the generation prompt opens it', async () => {
    const thinking = await embeddedTokenizer((config) =>
      Object.assign(config, {
        chat_template: (config.chat_template as string).replace(
          "{% if add_generation_prompt %}{{ '<|assistant|>' }}",
          "{% if add_generation_prompt %}{{ '<|assistant|><think>\\n' }}",
        ),
      }),
    )
    const [example] = await examplesOf([user('Hi'), assistant('Hello.')], thinking)
    expect(whole(example)).toBe('<|endoftext|><|user|>Hi<|end|><|assistant|><think>\nHello.<|end|>')
    expect(learned(example)).toBe('Hello.<|end|>')
  })

  it('makes one example an answer where the template rewrites earlier turns', async () => {
    // Like Qwen3: thoughts of earlier answers are taken out of the history.
    const forgetful = await embeddedTokenizer((config) =>
      Object.assign(config, {
        chat_template:
          "{% for m in messages %}{% if m.role == 'assistant' %}{{ '<|assistant|>' + (m.content if loop.last else m.content.split('|')[-1]) + '<|end|>' }}{% else %}{{ '<|user|>' + m.content + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
      }),
    )
    const examples = await examplesOf(
      [user('Hi'), assistant('hmm|Hello.'), user('Bye'), assistant('hmm|Bye.')],
      forgetful,
    )
    expect(examples.map(whole)).toEqual([
      '<|user|>Hi<|end|><|assistant|>hmm|Hello.<|end|>',
      '<|user|>Hi<|end|><|assistant|>Hello.<|end|><|user|>Bye<|end|><|assistant|>hmm|Bye.<|end|>',
    ])
    expect(examples.map(learned)).toEqual(['hmm|Hello.<|end|>', 'hmm|Bye.<|end|>'])
    expect(examples.map((example) => example.row)).toEqual([3, 3])
  })

  it('passes on what a template raises', async () => {
    const strict = await embeddedTokenizer((config) =>
      Object.assign(config, { chat_template: "{{ raise_exception('no system role') }}" }),
    )
    await expect(examplesOf([user('Hi'), assistant('x')], strict)).rejects.toThrow('no system role')
  })

  it('uses the studio’s template where the tokenizer has none, with its EOS as end of turn', async () => {
    const plain = await embeddedTokenizer((config) => {
      delete config.chat_template
      config.bos_token = '<|pad|>'
    })
    const template = await templateOf(plain)
    expect(template.isDefault).toBe(true)
    expect(DEFAULT_CHAT_TEMPLATE).toContain('im_start')
    const [example] = await examplesOf([user('Hi'), assistant('Hello.')], plain)
    expect(whole(example)).toBe(
      '<|pad|><|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|endoftext|>',
    )
    expect(learned(example)).toBe('Hello.<|endoftext|>')
    expect([...template.stopIds]).toEqual([0])
  })
})

describe('textExamples', () => {
  it('learns everything, begins as the model’s documents do and ends with one EOS', () => {
    for (const text of ['The sea.', '<|endoftext|>The sea.', 'The sea.<|endoftext|>']) {
      const [example] = textExamples(5, text, tokenizer, options)
      expect(whole(example)).toBe('<|endoftext|>The sea.<|endoftext|>')
      expect([...example.labels]).toEqual([...example.inputIds])
      expect(example.endOfTurn).toEqual([example.inputIds.length - 1])
      expect(example.row).toBe(5)
    }
    expect(tokenizer.decode(textPromptIds(tokenizer, 'The sea'))).toBe('<|endoftext|>The sea')
  })

  it('adds no BOS that the tokenizer neither adds nor separates documents with', async () => {
    const smol = await embeddedTokenizer((config) =>
      Object.assign(config, { bos_token: '<|user|>', eos_token: '<|end|>' }),
    )
    expect(smol.decode(textExamples(0, 'The sea.', smol, options)[0].inputIds)).toBe('The sea.<|end|>')
    expect(smol.decode(textPromptIds(smol, 'The sea'))).toBe('The sea')
  })

  it('cuts a document into blocks that lose no token', () => {
    const text = 'one two three four five six seven eight nine ten'
    const ids = tokenizer.encode(text)
    for (let maxSeqLength = 2; maxSeqLength <= ids.length + 3; maxSeqLength++) {
      const blocks = textExamples(0, text, tokenizer, { ...options, maxSeqLength }, true)
      expect(
        blocks.every(
          (block) =>
            block.inputIds[0] === 0 && block.inputIds.length >= 2 && block.inputIds.length <= maxSeqLength,
        ),
      ).toBe(true)
      expect(blocks.flatMap((block) => [...block.inputIds.slice(1)])).toEqual([...ids, 0])
      expect(blocks.map((block) => block.row)).toEqual(blocks.map((_, i) => i))
    }
  })

  it('leaves no block of one token where blocks have no BOS', async () => {
    const smol = await embeddedTokenizer((config) =>
      Object.assign(config, { bos_token: null, eos_token: '<|end|>' }),
    )
    const text = 'one two three four five six seven eight nine ten'
    const ids = smol.encode(text)
    for (let maxSeqLength = 3; maxSeqLength <= ids.length + 2; maxSeqLength++) {
      const blocks = textExamples(0, text, smol, { ...options, maxSeqLength }, true)
      expect(Math.min(...blocks.map((block) => block.inputIds.length))).toBeGreaterThanOrEqual(2)
      expect(blocks.flatMap((block) => [...block.inputIds])).toEqual([...ids, 4])
    }
  })
})

describe('tokenExample', () => {
  it('passes rows through, with labels that default to the ids', () => {
    expect(tokenExample(2, { kind: 'tokens', inputIds: [5, 6, 7] })).toEqual({
      row: 2,
      rows: [2],
      inputIds: Uint32Array.of(5, 6, 7),
      labels: Int32Array.of(5, 6, 7),
      positionIds: undefined,
      segmentIds: undefined,
      endOfTurn: [],
      fullLength: 3,
    })
  })
})
