import type { RunConfig } from '../config/schema.ts'
import type { LoraWeights, PeftAdapter } from '../formats/peft-adapter.ts'
import { type GeneratedText, generateText } from '../generate/generate-text.ts'
import { writeGenerationTables } from '../generate/generate-tokens.ts'
import { buildGeneration, type GenerationProgram } from '../generate/program.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import { placeAdapters } from '../model/place-adapters.ts'
import { type DecoderWeights, withoutAdapters } from '../model/weights.ts'
import { readAdapter, writeAdapter } from '../train/adapter-state.ts'
import { baseStorage, type Program } from '../train/program.ts'
import { StudioError } from '../util/errors.ts'
import type { RunEvent } from './events.ts'
import type { GenerateRequest, GenerateResult } from './generate-request.ts'
import type { OpenedModel } from './open-model.ts'
import { adapterPlacement, programFor } from './prepare-run.ts'
import { realiseProgram } from './realise-program.ts'

/** Weights on the device that generation reads: those of a run, or loaded for it. */
export interface LoadedProgram {
  model: OpenedModel
  program: Program
  executable: Executable
}

/** Who speaks: the base, the live adapter of the program that holds the weights, or an adapter from files. */
export type Speaker = 'base' | 'live' | PeftAdapter

interface Work {
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

/** KV caches grow in steps of this many tokens, so that a conversation's next turn mostly finds room. */
const CAPACITY_STEP = 256

/** Whether weights stored for one config serve another. */
export const sameStorage = (a: RunConfig, b: RunConfig): boolean =>
  JSON.stringify(baseStorage(a)) === JSON.stringify(baseStorage(b))

/** Whether the weights themselves are trained: they are then no base for anything else. */
export const trainsWhole = ({ program }: LoadedProgram): boolean =>
  program.request.placement === 'all-weights'

/** The adapter that a run trains, as it stands. @throws run/nothing-trained */
export async function liveAdapter({ program, executable }: LoadedProgram): Promise<PeftAdapter> {
  const { pool, weights, request } = program
  if (!pool || !request.placement || request.placement === 'all-weights') {
    throw new StudioError('run/nothing-trained', 'The run has no adapter whose strength could be changed')
  }
  const config = { ...request.placement, useDora: false, baseModelName: null }
  return readAdapter(executable, weights, pool, config)
}

/** What an adapter adds to the base, multiplied: it is linear in B. */
export function scaled(adapter: PeftAdapter, strength: number): PeftAdapter {
  if (strength === 1) return adapter
  const modules = [...adapter.modules].map(([name, values]): [string, LoraWeights] => [
    name,
    { ...values, loraB: values.loraB.map((value) => value * strength) },
  ])
  return { ...adapter, modules: new Map(modules) }
}

/** Loads a base for generation alone. */
export async function loadBase(
  model: OpenedModel,
  config: RunConfig,
  runtime: Runtime,
  work: Work,
): Promise<LoadedProgram> {
  const none = { train: [], evaluate: [], logits: [] }
  const program = programFor(model, config, null, none, 1, runtime.traits)
  const { executable } = await realiseProgram(program, { model, runtime, countAs: 'playground', ...work })
  return { model, program, executable }
}

/**
 * Generates text with weights that are already on the device. Its plan (KV cache, one-token stage, prompt stages) stays
 * for the next request while the same adapter's shape speaks and the cache has room.
 */
export class Generation {
  private planned: {
    program: GenerationProgram
    executable: Executable
    weights: DecoderWeights
    key: string
  } | null = null

  constructor(
    readonly base: LoadedProgram,
    private readonly runtime: Runtime,
  ) {}

  async generate(
    request: GenerateRequest,
    speaker: Speaker,
    { onEvent, signal }: Work,
  ): Promise<GenerateResult> {
    const { program, executable, weights } = await this.plan(request, speaker, { onEvent, signal })
    if (typeof speaker !== 'string') writeAdapter(executable, weights, speaker.modules)
    const { promptIds, prompt } = request
    const startedAt = performance.now()
    const tokens = generateText({
      ...request,
      program,
      executable,
      // Weights that were trained as a whole speak without an adapter.
      voice: speaker === 'base' || (speaker === 'live' && trainsWhole(this.base)) ? 'base' : 'tuned',
      signal,
    })
    let firstAt = 0
    for (;;) {
      const next = await tokens.next()
      firstAt ||= performance.now()
      if (next.done)
        return {
          ...speedOf(next.value, promptIds.length, startedAt, firstAt),
          prompt,
          promptTokens: promptIds.length,
        }
      onEvent({ type: 'generate/token', ...next.value })
    }
  }

  dispose(): void {
    this.planned?.executable.destroy()
    this.planned = null
  }

  private async plan(
    { promptIds, maxNewTokens }: GenerateRequest,
    speaker: Speaker,
    { onEvent, signal }: Work,
  ) {
    const { model, program: held, executable: owner } = this.base
    const { config } = model.checkpoint
    // The base alone speaks through any plan.
    const key = speaker === 'base' ? null : speaker === 'live' ? 'live' : JSON.stringify(speaker.config)
    const wanted = Math.min(promptIds.length + maxNewTokens, config.maxPositionEmbeddings)
    if (
      this.planned &&
      (key === null || key === this.planned.key) &&
      wanted <= this.planned.program.request.capacity
    )
      return this.planned
    this.dispose()
    const capacity = Math.min(Math.ceil(wanted / CAPACITY_STEP) * CAPACITY_STEP, config.maxPositionEmbeddings)
    const weights = spokenWeights(held, speaker)
    const program = buildGeneration({ model: config, weights, capacity, traits: this.runtime.traits })
    const executable = await this.runtime.realise(program.plan, {
      signal,
      share: owner,
      countAs: 'playground',
      onProgress: (done, total) =>
        onEvent({ type: 'run/progress', phase: 'compiling', done, total, unit: 'kernels' }),
    })
    onEvent({ type: 'memory/allocated', bytes: owner.allocatedBytes + executable.allocatedBytes })
    writeGenerationTables(program, executable)
    this.planned = { program, executable, weights, key: key ?? 'live' }
    return this.planned
  }
}

/** The weights that the plan reads: a run's live adapter stays where it is, one from files gets a pool of its own. */
function spokenWeights({ weights, request }: Program, speaker: Speaker): DecoderWeights {
  if (typeof speaker === 'string') return weights
  const own = withoutAdapters(weights)
  placeAdapters(own, { ...adapterPlacement(request.config, speaker.config), dropout: 0 }, 'spokenAdapter')
  return own
}

function speedOf(
  { text, tokenIds, finishReason }: GeneratedText,
  promptTokens: number,
  startedAt: number,
  firstAt: number,
) {
  const promptSeconds = (firstAt - startedAt) / 1000
  const textSeconds = (performance.now() - firstAt) / 1000
  return {
    text,
    tokenIds,
    finishReason,
    // A single token comes with the prompt.
    tokensPerSecond:
      tokenIds.length > 1 ? (tokenIds.length - 1) / textSeconds : tokenIds.length / promptSeconds,
    promptTokensPerSecond: promptTokens / promptSeconds,
  }
}
