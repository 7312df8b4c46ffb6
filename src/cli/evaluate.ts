import type { CommandContext } from './command.ts'
import { adapterReferences, findInputs, openData, openModel } from './inputs.ts'
import { progressListener } from './progress.ts'
import { short } from './summaries.ts'

/** Prints the loss over the supervised tokens of a dataset, in file order. */
export async function run(context: CommandContext): Promise<void> {
  const inputs = await findInputs(context)
  const opened = await context.engines.open()
  await openModel(opened, inputs, context)
  await openData(opened, inputs, context)
  const { loss, perplexity, supervisedTokens } = await opened.engine.execute(
    'model/evaluate',
    { config: inputs.config, adapter: adapterReferences(opened, inputs) },
    { onEvent: progressListener(context.output) },
  )
  context.output.answer(
    { loss, perplexity, supervisedTokens },
    `loss ${short(loss)}, perplexity ${short(perplexity)} over ${supervisedTokens} supervised tokens`,
  )
}
