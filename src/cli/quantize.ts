import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { inputError, StudioError } from '../util/errors.ts'
import type { CommandContext } from './command.ts'
import { modelFolder } from './input-files.ts'
import { findInputs, openModel } from './inputs.ts'
import { checkFolder, makeFolder, writeWhole } from './output-files.ts'
import { progressListener } from './progress.ts'
import { bytes } from './summaries.ts'

/** Writes the base in 4 bits, as bitsandbytes stores it. */
export async function run(context: CommandContext): Promise<void> {
  const { options, output, engines } = context
  const out = options.out ?? ''
  const inputs = await findInputs(context, () => {
    refuseSameFolder(options.model ?? '', out)
    checkFolder('out', out)
  })
  const opened = await engines.open()
  await openModel(opened, inputs, context)
  const files = await opened.engine.execute(
    'model/quantize',
    { config: inputs.config },
    { onEvent: progressListener(output) },
  )
  if (files.length === 0)
    throw new StudioError('output/empty', 'The engine gave no file of the quantized model')
  const folder = makeFolder('out', out)
  for (const file of files) await writeWhole(join(folder, file.path), file.bytes)
  const sizeBytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
  output.answer(
    {
      out: folder,
      sizeBytes,
      files: files.map(({ path, bytes: content }) => ({ path, sizeBytes: content.length })),
    },
    `${files.length} files, ${bytes(sizeBytes)}, in ${out}`,
  )
}

/** The 4-bit files have the names of the originals. */
function refuseSameFolder(model: string, out: string): void {
  if (!existsSync(out) || !existsSync(model)) return
  if (realpathSync(out) === realpathSync(modelFolder(model).path)) {
    throw inputError('out', [
      {
        message: '--out is the folder of --model, whose files would be replaced',
        fix: 'Name another folder.',
      },
    ])
  }
}
