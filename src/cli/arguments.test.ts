import { describe, expect, test } from 'vitest'
import { parseInvocation, usageOf } from './arguments.ts'

const problemsOf = (args: string[]): string[] => {
  try {
    parseInvocation(args)
  } catch (error) {
    expect(error).toMatchObject({ code: 'input/usage' })
    expect(usageOf(error)).toMatch(/^usage: /)
    for (const { fix } of (error as { problems: { fix?: string }[] }).problems) expect(fix).toBeTruthy()
    return (error as { problems: { message: string }[] }).problems.map(({ message }) => message)
  }
  return []
}

describe('parseInvocation', () => {
  test('reads values in both spellings, and switches', () => {
    const args = [
      'finetune',
      '--model',
      'm',
      '--data=d.jsonl',
      '--out',
      'o',
      '--json',
      '--skip-bad-rows',
      '--runtime',
      'dawn',
    ]
    expect(parseInvocation(args)).toMatchObject({
      kind: 'run',
      command: { name: 'finetune' },
      options: { model: 'm', data: 'd.jsonl', out: 'o' },
      runtime: 'dawn',
      json: true,
    })
  })

  test('runs in Chromium unless told otherwise', () => {
    expect(parseInvocation(['inspect', '--model', 'm'])).toMatchObject({ runtime: 'chromium', json: false })
  })

  test('lists everything that is wrong at once', () => {
    expect(
      problemsOf([
        'finetune',
        '--modle',
        'x',
        '--data',
        '--out',
        'a',
        '--out',
        'b',
        'stray',
        '--json=1',
        '--runtime',
        'firefox',
      ]),
    ).toEqual([
      'finetune has no option --modle',
      '--data needs a value',
      '--out is given twice',
      '"stray" belongs to no option',
      '--json takes no value; "1" came',
      '--model is missing',
      '--runtime is "firefox"',
    ])
  })

  test.each([
    [[], 'No command was given'],
    [['train'], 'There is no command "train"'],
    [['merge', '--model', 'm'], 'The command "merge" is not available in this version'],
    [['toString'], 'There is no command "toString"'],
  ])('refuses %j', (args, message) => {
    expect(problemsOf(args)).toEqual([message])
  })

  test('an empty prompt begins a text; an empty folder name is none', () => {
    expect(parseInvocation(['generate', '--model', 'm', '--prompt', ''])).toMatchObject({
      options: { prompt: '' },
    })
    expect(problemsOf(['generate', '--model', '', '--prompt', 'x'])).toEqual(['--model needs a value'])
  })

  test('an option that every object has is still unknown', () => {
    expect(problemsOf(['inspect', '--model', 'm', '--constructor', 'x'])).toEqual([
      'inspect has no option --constructor',
    ])
  })

  test('help is no error, even where options are missing', () => {
    expect(parseInvocation(['--help'])).toMatchObject({
      kind: 'help',
      text: expect.stringMatching(/finetune/),
    })
    expect(parseInvocation(['plan', '--help'])).toMatchObject({
      kind: 'help',
      text: expect.stringMatching(/--device-limits FILE/),
    })
  })
})
