import { resolve } from 'node:path'
import { writeSafetensors } from '../formats/safetensors-writer.ts'
import type { CommandContext } from './command.ts'
import { adapterReferences, findInputs, openModel, openUnlabelledData } from './inputs.ts'
import { checkFile, writeWhole } from './output-files.ts'
import { progressListener } from './progress.ts'

/** Writes the last-layer logits of the first batch as one tensor, F32 [B, T, V]. */
export async function run(context: CommandContext): Promise<void> {
  const { options, output, engines } = context
  const out = options.out ?? ''
  const inputs = await findInputs(context, () => {
    checkFile('out', out)
  })
  const opened = await engines.open()
  await openModel(opened, inputs, context)
  await openUnlabelledData(opened, inputs, context)
  const { shape, logits } = await opened.engine.execute(
    'model/logits',
    { config: inputs.config, adapter: adapterReferences(opened, inputs) },
    { onEvent: progressListener(output) },
  )
  const data = new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength)
  await writeWhole(resolve(out), writeSafetensors([{ name: 'logits', dtype: 'F32', shape, data }]))
  output.answer({ out, shape }, `logits [${shape.join(', ')}] in ${out}`)
}
