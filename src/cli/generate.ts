import { inputError, type Problem } from '../util/errors.ts'
import type { CommandContext } from './command.ts'
import { adapterReferences, findInputs, openModel } from './inputs.ts'
import { progressListener } from './progress.ts'

/** Prints the text that a model continues a prompt with. */
export async function run(context: CommandContext): Promise<void> {
  const { options, switches, output, engines } = context
  let numbers: ReturnType<typeof readNumbers> = {}
  const inputs = await findInputs(context, () => {
    numbers = readNumbers(options)
  })
  const opened = await engines.open()
  await openModel(opened, inputs, context)
  const listen = progressListener(output)
  let tokens = 0
  const { text, tokenIds, finishReason, prompt, promptTokens, tokensPerSecond } = await opened.engine.execute(
    'model/generate',
    {
      config: inputs.config,
      adapter: adapterReferences(opened, inputs),
      prompt: options.prompt ?? '',
      chat: switches.has('chat'),
      ...numbers,
    },
    {
      onEvent(event) {
        if (event.type === 'generate/token') output.progress('text', `${++tokens} tokens`)
        else listen(event)
      },
    },
  )
  output.note(
    `prompt ${JSON.stringify(prompt)} (${promptTokens} tokens); ${tokenIds.length} tokens, ${tokensPerSecond.toFixed(1)} a second; ended by ${finishReason}`,
  )
  output.answer({ text, tokenIds, tokensPerSecond, finishReason, promptTokens }, text)
}

const NUMBERS = {
  'max-new-tokens': 'maxNewTokens',
  temperature: 'temperature',
  'top-k': 'topK',
  'top-p': 'topP',
  seed: 'seed',
} as const

/** The numeric options as numbers; the engine judges their ranges. */
function readNumbers(
  options: CommandContext['options'],
): Partial<Record<(typeof NUMBERS)[keyof typeof NUMBERS], number>> {
  const problems: Problem[] = []
  const numbers: Partial<Record<(typeof NUMBERS)[keyof typeof NUMBERS], number>> = {}
  for (const [option, name] of Object.entries(NUMBERS)) {
    const written = options[option]
    if (written === undefined) continue
    const value = Number(written)
    if (Number.isFinite(value)) numbers[name] = value
    else
      problems.push({
        message: `--${option} is "${written}", which is no number`,
        fix: `Write --${option} with a number.`,
      })
  }
  if (problems.length > 0) throw inputError('arguments', problems)
  return numbers
}
