import { type ByteSource, type FileSink, readText } from '../util/byte-source.ts'
import { safetensorsSize, type TensorToWrite, writeSafetensors } from './safetensors-writer.ts'

/** Files of a model folder that hold for any weights of the model: a changed copy takes them over as they are. */
const KEPT_FILES =
  /^(generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json$|^chat_template\.(jinja|json)$/

export interface ChangedModel {
  /** The folder that the model came in. */
  files: readonly ByteSource[]
  /** What its config.json says otherwise. */
  config: (original: Readonly<Record<string, unknown>>) => Record<string, unknown>
  tensors: readonly TensorToWrite[]
}

/** Writes a Hugging Face folder: config.json, model.safetensors, and the tokenizer and its settings as they came. */
export async function writeModelFolder(
  sink: FileSink,
  { files, config, tensors }: ChangedModel,
): Promise<void> {
  const configFile = files.find(({ name }) => name === 'config.json')
  if (!configFile) throw new Error('the model folder has no config.json')
  const original = JSON.parse(await readText(configFile)) as Record<string, unknown>
  const text = `${JSON.stringify({ ...original, ...config(original) }, null, 2)}\n`
  await sink.write('config.json', new TextEncoder().encode(text))
  for (const file of files)
    if (KEPT_FILES.test(file.name)) await sink.write(file.name, await file.read(0, file.sizeBytes))
  await sink.write('model.safetensors', writeSafetensors(tensors), safetensorsSize(tensors))
}
