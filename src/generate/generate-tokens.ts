import type { Executable } from '../graph/executable.ts'
import { RING_SLOT_BYTES } from '../graph/make-plan.ts'
import { ropeTables } from '../model/rope-tables.ts'
import { StudioError } from '../util/errors.ts'
import {
  BLOCKS_PART,
  chunkBytes,
  type GenerationProgram,
  generationStage,
  inputRange,
  readResult,
  resultRange,
  type Voice,
} from './program.ts'
import {
  type Candidates,
  type Choice,
  chooseToken,
  rankAll,
  type Sampling,
  samplingNumber,
} from './sampler.ts'

export interface GenerateOptions {
  program: GenerationProgram
  /** Holds the weights, and the adapter for the tuned voice. */
  executable: Executable
  voice: Voice
  /** At least one, and fewer than the program's capacity. */
  promptIds: readonly number[]
  sampling: Sampling
  /** After these nothing follows; they are not given out. */
  stopIds: ReadonlySet<number>
  maxNewTokens: number
  signal?: AbortSignal
}

/** Why a text ended: at a stop token or string, at the number of tokens asked for, or where the KV cache is full. */
export type FinishReason = 'stop' | 'length' | 'context'

/** Constants that no checkpoint holds: rotary angles. Once, before anything is generated. */
export function writeGenerationTables(
  { request, cos, sin }: GenerationProgram,
  executable: Executable,
): void {
  const tables = ropeTables(request.model, request.capacity)
  executable.write(executable.plan.tensors[cos.name], tables.cos)
  executable.write(executable.plan.tensors[sin.name], tables.sin)
}

/**
 * Continues a prompt token by token. Each token is one run of the one-token stage and one readback of about a kilobyte;
 * no GPU object is created on the way.
 */
export async function* generateTokens(options: GenerateOptions): AsyncGenerator<Choice, FinishReason> {
  const { program, executable, voice, promptIds, sampling, stopIds, maxNewTokens, signal } = options
  const { capacity } = program.request
  if (maxNewTokens < 1) return 'length'
  executable.setStep({ inverseTemperature: 1 / (sampling.temperature || 1) })
  let stage = feedPrompt(options)
  let length = promptIds.length
  for (let index = 0; ; index++) {
    const choice = await nextToken(options, stage, samplingNumber(sampling, index))
    if (signal?.aborted) throw new StudioError('cancelled', 'The text was cancelled')
    if (stopIds.has(choice.tokenId)) return 'stop'
    yield choice
    if (index + 1 === maxNewTokens) return 'length'
    if (length === capacity) return 'context'
    stage = generationStage(voice, 1)
    feed(options, 1, [choice.tokenId], length)
    executable.run(stage)
    length++
  }
}

/** Runs the prompt through the model in pieces; the logits follow its last token. Gives the stage that made them. */
function feedPrompt(options: GenerateOptions): string {
  const { program, executable, voice, promptIds } = options
  let done = 0
  for (;;) {
    const left = promptIds.length - done
    const chunk = chunkFor(left, program.chunks)
    const ids = promptIds.slice(done, done + chunk)
    const stage = generationStage(voice, chunk)
    feed(options, chunk, ids, done)
    done += ids.length
    if (done === promptIds.length) {
      executable.run(stage)
      return stage
    }
    executable.run(stage, BLOCKS_PART)
  }
}

function feed(
  { program, executable }: GenerateOptions,
  chunk: number,
  ids: readonly number[],
  length: number,
): void {
  executable.write(inputRange(program.plan), chunkBytes(chunk, ids, length))
  executable.setStep({ cacheLength: length, tokenCount: ids.length })
}

/** The chunk for `left` tokens: one that takes them all without wasting more than half, else the longest that they fill. */
export function chunkFor(left: number, chunks: readonly number[]): number {
  const whole = chunks.find((chunk) => chunk >= left)
  if (whole !== undefined && whole <= 2 * left) return whole
  return chunks.findLast((chunk) => chunk <= left) as number
}

async function nextToken(
  { program, executable, sampling }: GenerateOptions,
  stage: string,
  random: number,
): Promise<Choice> {
  const range = resultRange(program)
  const bytes = await (range.sizeBytes <= RING_SLOT_BYTES
    ? executable.capture(range)
    : executable.read(range))
  const choice = chooseToken(
    candidatesOf(bytes, program.request.model.vocabSize, sampling.temperature),
    sampling,
    random,
  )
  if (choice) return choice
  // Rare: the draw fell outside of the candidates, and takes the whole row.
  const row = await executable.read(executable.plan.stages[stage].exposed.logits)
  return chooseToken(rankAll(new Float32Array(row.buffer), sampling.temperature), sampling, random) as Choice
}

/** Candidates as a stage leaves them; the blocks' sums are put together here, in float64. */
export function candidatesOf(
  bytes: Uint8Array<ArrayBuffer>,
  vocabSize: number,
  temperature: number,
): Candidates {
  const { pairs, logits, sums } = readResult(bytes)
  const count = Math.min(pairs.length / 2, vocabSize)
  const largest = logits[1]
  let plain = 0
  let tempered = 0
  for (let block = 0; block < sums.length; block += 3) {
    const below = sums[block] - largest
    plain += sums[block + 1] * Math.exp(below)
    tempered += sums[block + 2] * Math.exp(below / (temperature || 1))
  }
  return {
    tokens: Uint32Array.from({ length: count }, (_, i) => pairs[2 * i]),
    logits: Float32Array.from({ length: count }, (_, i) => logits[2 * i + 1]),
    complete: count === vocabSize,
    logSum: largest + Math.log(plain),
    temperedLogSum: largest / (temperature || 1) + Math.log(tempered),
  }
}
