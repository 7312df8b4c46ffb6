import { type PeftAdapter, peftKey } from '../../formats/peft-adapter.ts'
import type { DeviceTraits } from '../../graph/device.ts'
import type { Executable, Runtime } from '../../graph/executable.ts'
import { Graph } from '../../graph/graph.ts'
import { makePlan } from '../../graph/make-plan.ts'
import { bufferTensor, type Tensor } from '../../graph/tensor.ts'
import { decode } from '../../model/decoder.ts'
import { placeAdapters } from '../../model/place-adapters.ts'
import { ropeTables } from '../../model/rope-tables.ts'
import {
  type DecoderWeights,
  declareWeights,
  decoderLinears,
  weightTensors,
  withoutAdapters,
} from '../../model/weights.ts'
import { logits } from '../../ops/linear.ts'
import type { OpenedModel } from '../../session/open-model.ts'
import { writeGenerationTables } from '../generate-tokens.ts'
import { buildGeneration, type GenerationProgram, type Voice } from '../program.ts'

/** An unquantized model that is ready to speak. */
export interface SpokenModel {
  model: OpenedModel
  weights: DecoderWeights
  program: GenerationProgram
  executable: Executable
}

/** @param traits choose the kernels: the device's own, or others that it can run too */
export async function speak(
  model: OpenedModel,
  adapter: PeftAdapter | null,
  capacity: number,
  runtime: Runtime,
  traits: DeviceTraits = runtime.traits,
): Promise<SpokenModel> {
  const { config, tensors } = model.checkpoint
  const weights = declareWeights(config, {
    dtypeOf: (name) => tensors.get(name)?.dtype ?? 'F32',
    quantization: null,
  })
  if (adapter) placeAdapters(weights, { ...adapter.config, dropout: 0 })
  const program = buildGeneration({ model: config, weights, capacity, traits })
  const executable = await runtime.realise(program.plan)
  await writeWeights(executable, model, weights, adapter)
  writeGenerationTables(program, executable)
  return { model, weights, program, executable }
}

async function writeWeights(
  executable: Executable,
  { checkpoint }: OpenedModel,
  weights: DecoderWeights,
  adapter: PeftAdapter | null,
): Promise<void> {
  const { tensors } = executable.plan
  for (const { name } of weightTensors(weights)) {
    const bytes = await checkpoint.tensors.get(name)?.readBytes()
    if (!bytes) throw new Error(`no ${name}`)
    executable.write(tensors[name], bytes)
  }
  for (const [module, { loraA, loraB }] of adapter?.modules ?? []) {
    executable.write(tensors[peftKey(module, 'loraA')], Float32Array.from(loraA))
    executable.write(tensors[peftKey(module, 'loraB')], Float32Array.from(loraB))
  }
}

/** The model as training runs it: whole sequences of up to `length` tokens, with no cache. */
export interface WholeModel {
  /** The logits that follow `ids`. */
  nextLogits(ids: readonly number[], voice: Voice): Promise<Float32Array>
  destroy(): void
}

export async function whole(
  { model, weights, executable: spoken }: SpokenModel,
  length: number,
  runtime: Runtime,
): Promise<WholeModel> {
  const { config } = model.checkpoint
  const input = (name: string): Tensor => bufferTensor(`whole.${name}`, [length], 'u32', 'workspace')
  const [ids, positions, segments] = ['ids', 'positions', 'segments'].map(input)
  const table = (name: string) =>
    bufferTensor(`whole.${name}`, [length, config.headDim / 2], 'f32', 'workspace')
  const [cos, sin] = [table('cos'), table('sin')]
  const record = (used: DecoderWeights): Graph => {
    const graph = new Graph()
    const hidden = decode(
      graph,
      config,
      used,
      { batchSize: 1, sequenceLength: length, ids, positions, segments, cos, sin },
      { train: false },
    )
    graph.expose('logits', logits(graph, hidden, used.head))
    return graph
  }
  const hasAdapter = decoderLinears(weights).some(({ adapter }) => adapter)
  const stages = { base: record(withoutAdapters(weights)), ...(hasAdapter && { tuned: record(weights) }) }
  const executable = await runtime.realise(makePlan(stages, runtime.traits), { share: spoken })
  const { tensors } = executable.plan
  const tables = ropeTables(config, length)
  executable.write(tensors[cos.name], tables.cos)
  executable.write(tensors[sin.name], tables.sin)
  executable.write(tensors[segments.name], new Uint32Array(length))
  executable.write(
    tensors[positions.name],
    Uint32Array.from({ length }, (_, position) => position),
  )
  return {
    async nextLogits(tokens, voice) {
      const padded = new Uint32Array(length)
      padded.set(tokens)
      executable.write(tensors[ids.name], padded)
      executable.run(voice)
      const rows = executable.plan.stages[voice].exposed.logits
      const sizeBytes = config.vocabSize * 4
      const row = await executable.read({
        ...rows,
        offset: rows.offset + (tokens.length - 1) * sizeBytes,
        sizeBytes,
      })
      return new Float32Array(row.buffer)
    },
    destroy: () => executable.destroy(),
  }
}
