import { distinctPrompts, type SamplePrompt } from '../data/sample-prompts.ts'
import { generateText } from '../generate/generate-text.ts'
import { writeGenerationTables } from '../generate/generate-tokens.ts'
import { buildGeneration, type GenerationProgram } from '../generate/program.ts'
import type { DeviceTraits } from '../graph/device.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import { bytesBeside } from '../graph/shared-buffers.ts'
import type { BytesByCategory } from '../graph/tensor.ts'
import type { Program } from '../train/program.ts'
import { inputError, StudioError } from '../util/errors.ts'
import type { SampleAnswer } from './events.ts'
import { type GenerateRequest, readRequest } from './generate-request.ts'
import type { OpenedModel } from './open-model.ts'

/** Which prompts a run answers while it learns. */
export interface SamplesArgs {
  /** The first three of the dataset, held-out rows before others, when left out. */
  prompts?: string[]
  /** Steps between two times; 0 never, null or left out: by itself (sample-schedule.ts). */
  every?: number | null
}

/** Samples that have been planned: like the run's own plan, plain data that needs no GPU. */
export interface PlannedSamples {
  prompts: { prompt: SamplePrompt; request: GenerateRequest }[]
  every: number | null
  program: GenerationProgram
  /** What they take beside the run whose weights they read. */
  bytes: BytesByCategory
}

const PROMPTS = 3
const MOST_PROMPTS = 8
/** Answers are cut here: they are for looking at, many times a run. */
export const SAMPLE_TOKENS = 32
/** Pieces that a prompt is read in: each length is kernels to compile before the first step. */
const SAMPLE_CHUNKS = [1, 32]

/**
 * Null where there is nothing to ask: no tokenizer, rows of token ids, or samples that are switched off.
 * @throws input/samples for prompts of a person that cannot be asked
 */
export async function planSamples(
  { prompts: written, every = null }: SamplesArgs,
  {
    model,
    prompts: found,
    program,
    traits,
  }: {
    model: OpenedModel
    /** Those of the dataset. A person's own are put as these are: as questions, or as beginnings of texts. */
    prompts: readonly SamplePrompt[]
    program: Program
    traits: DeviceTraits
  },
): Promise<PlannedSamples | null> {
  checkArgs(written, every)
  const isChat = found.some(({ content }) => content.kind === 'chat')
  if (every === 0 || !model.tokenizer) return null
  const asked = written ? await readWritten(written, isChat, model) : await readFound(found, model)
  if (asked.length === 0) return null
  const { config } = model.checkpoint
  const longest = Math.max(...asked.map(({ request }) => request.promptIds.length))
  const whole = program.request.placement === 'all-weights'
  const generation = buildGeneration({
    model: config,
    weights: program.weights,
    capacity: Math.min(longest + SAMPLE_TOKENS, config.maxPositionEmbeddings),
    traits,
    voices: [whole ? 'base' : 'tuned'],
    chunks: SAMPLE_CHUNKS,
  })
  return { prompts: asked, every, program: generation, bytes: bytesBeside(generation.plan, program.plan) }
}

function checkArgs(prompts: readonly string[] | undefined, every: number | null): void {
  if (every !== null && !(Number.isInteger(every) && every >= 0)) {
    throw inputError('samples', [
      {
        path: 'samples.every',
        message: `samples.every must be a whole number of at least 0, found ${JSON.stringify(every)}`,
        fix: 'Give a number of steps, 0 for never, or leave it out.',
      },
    ])
  }
  if (prompts && prompts.length > MOST_PROMPTS) {
    throw inputError('samples', [
      {
        path: 'samples.prompts',
        message: `There are ${prompts.length} prompts; at most ${MOST_PROMPTS} are asked`,
        fix: 'Leave some out.',
      },
    ])
  }
}

const requestFor = ({ content }: SamplePrompt, model: OpenedModel) =>
  readRequest(
    {
      ...(content.kind === 'chat' ? { messages: content.messages } : { prompt: content.text }),
      maxNewTokens: SAMPLE_TOKENS,
    },
    model,
  )

async function readWritten(
  written: readonly string[],
  isChat: boolean,
  model: OpenedModel,
): Promise<PlannedSamples['prompts']> {
  const prompts = written.map(
    (text): SamplePrompt => ({
      content: isChat
        ? { kind: 'chat', messages: [{ role: 'user', content: text }] }
        : { kind: 'text', text },
      text,
      expected: null,
      row: null,
      heldOut: false,
    }),
  )
  return Promise.all(
    distinctPrompts(prompts, MOST_PROMPTS).map(async (prompt, index) => {
      try {
        return { prompt, request: await requestFor(prompt, model) }
      } catch (error) {
        if (!(error instanceof StudioError)) throw error
        throw inputError('samples', [
          {
            path: `samples.prompts.${index}`,
            message: `Prompt ${index + 1} to be answered while training cannot be asked: ${error.message}`,
            fix: 'Change it or leave it out.',
          },
        ])
      }
    }),
  )
}

/** What of the dataset cannot be asked (too long for the model, refused by its template) is passed over. */
async function readFound(
  found: readonly SamplePrompt[],
  model: OpenedModel,
): Promise<PlannedSamples['prompts']> {
  const asked: PlannedSamples['prompts'] = []
  for (const prompt of distinctPrompts(found, found.length)) {
    if (asked.length === PROMPTS) break
    try {
      asked.push({ prompt, request: await requestFor(prompt, model) })
    } catch (error) {
      if (!(error instanceof StudioError)) throw error
    }
  }
  return asked
}

/** The samples of a run on the device, beside its weights. */
export class Samples {
  private constructor(
    private readonly planned: PlannedSamples,
    private readonly executable: Executable,
  ) {}

  /** @param owner holds the weights, and must outlive this */
  static async realise(
    planned: PlannedSamples,
    owner: Executable,
    runtime: Runtime,
    options: { onProgress: (done: number, total: number) => void; signal?: AbortSignal },
  ): Promise<Samples> {
    const executable = await runtime.realise(planned.program.plan, {
      ...options,
      share: owner,
      countAs: 'samples',
    })
    writeGenerationTables(planned.program, executable)
    return new Samples(planned, executable)
  }

  get allocatedBytes(): number {
    return this.executable.allocatedBytes
  }

  /** The likeliest answer to every prompt, with the weights as they are. Null when `isCancelled` says so meanwhile. */
  async take(
    isCancelled: () => boolean,
    onProgress: (done: number, total: number) => void,
  ): Promise<SampleAnswer[] | null> {
    const { program, prompts } = this.planned
    const [voice] = program.request.voices ?? []
    const answers: SampleAnswer[] = []
    for (const { prompt, request } of prompts) {
      onProgress(answers.length, prompts.length)
      const tokens = generateText({ ...request, program, executable: this.executable, voice })
      let next = await tokens.next()
      while (!next.done) {
        if (isCancelled()) return null
        next = await tokens.next()
      }
      const { text, finishReason } = next.value
      const { text: asked, expected, row, heldOut } = prompt
      answers.push({ prompt: asked, expected, row, heldOut, text, finishReason })
    }
    return answers
  }

  dispose(): void {
    this.executable.destroy()
  }
}
