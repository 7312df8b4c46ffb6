import type { TensorQuantization } from '../session/events.ts'
import type { CommandContext } from './command.ts'
import { findInputs, openModel } from './inputs.ts'
import { progressListener } from './progress.ts'
import { short } from './summaries.ts'

/** Prints how well every quantized tensor is kept. */
export async function run(context: CommandContext): Promise<void> {
  const { output, engines } = context
  const inputs = await findInputs(context)
  const opened = await engines.open()
  await openModel(opened, inputs, context)
  const tensors = await opened.engine.execute(
    'model/inspect',
    { config: inputs.config },
    { onEvent: progressListener(output) },
  )
  output.answer(tensors, table(tensors))
}

function table(tensors: readonly TensorQuantization[]): string {
  const rows = tensors.map(({ name, shape, rmse, maxError, snrDb, bitsPerParam }) => [
    name,
    shape.join('×'),
    `rmse ${short(rmse)}`,
    `max ${short(maxError)}`,
    `${short(snrDb)} dB`,
    `${bitsPerParam.toFixed(3)} bits`,
  ])
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column].length))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
