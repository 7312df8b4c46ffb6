import { expect, it } from 'vitest'
import { openChatTemplate } from '../data/chat-template.ts'
import { embeddedTokenizer, textSource } from '../data/testing/embedded.ts'
import { HOSTILE_TEMPLATES } from '../data/testing/hostile-templates.ts'
import { openDataset, tokenizeDataset } from '../data/tokenize-dataset.ts'
import { nodeTemplates } from './node-templates.ts'

const SHORT_MS = 150
const run = nodeTemplates(SHORT_MS)
const ask = (source: string) =>
  run({
    source,
    variables: {},
    texts: [{ messages: [{ role: 'user', content: 'Hi' }], addGenerationPrompt: true }],
  })

it.each(Object.entries(HOSTILE_TEMPLATES))('%s ends in time, with a clear refusal', async (_, source) => {
  const startedAt = performance.now()
  const outcome = await ask(source).catch((error) => error)
  expect(performance.now() - startedAt).toBeLessThan(SHORT_MS + 2000)
  if (Array.isArray(outcome))
    expect(outcome).toEqual([{ refusal: expect.stringMatching(/Invalid array length/) }])
  else {
    expect(outcome).toMatchObject({
      code: 'input/chat-template',
      message: expect.stringMatching(
        /chat template \(chat_template in tokenizer_config\.json, or chat_template\.jinja\) (was stopped: it had not finished after 0\.15 seconds|was given 2 characters and wrote \d{6,};|cannot be read: Maximum call stack)/,
      ),
    })
  }
  // And the next one is served.
  expect(await ask('{{ messages[0].content }}!')).toEqual([{ text: 'Hi!' }])
})

it('a template that loops for one row alone refuses the dataset instead of stopping everything', async () => {
  const tokenizer = await embeddedTokenizer((config) =>
    Object.assign(config, {
      chat_template: `{% for m in messages %}{{ m.content }}{% if m.content == 'bad' %}${HOSTILE_TEMPLATES['nested loops']}{% endif %}{% endfor %}`,
    }),
  )
  const dataset = await openDataset(
    textSource(
      'rows.jsonl',
      ['good', 'bad'].map((instruction) => JSON.stringify({ instruction, output: 'yes' })).join('\n'),
    ),
  )
  const chatTemplate = openChatTemplate(tokenizer, run)
  await expect(chatTemplate).resolves.toMatchObject({ isDefault: false })
  const tokenized = tokenizeDataset(dataset, {
    tokenizer,
    chatTemplate: () => chatTemplate,
    vocabSize: 4096,
    maxSeqLength: 64,
    trainOn: 'completion',
  })
  await expect(tokenized).rejects.toMatchObject({ code: 'input/chat-template' })
})

it('a template that cannot be read is told from one that refuses a conversation', async () => {
  await expect(ask('{% for %}')).rejects.toMatchObject({
    code: 'input/chat-template',
    message: expect.stringMatching(/cannot be read/),
  })
  expect(await ask("{{ raise_exception('no user here') }}")).toEqual([{ refusal: 'no user here' }])
})
