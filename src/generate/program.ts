import type { ModelConfig } from '../formats/model-config.ts'
import type { DeviceTraits } from '../graph/device.ts'
import { Graph } from '../graph/graph.ts'
import { makePlan } from '../graph/make-plan.ts'
import type { Plan } from '../graph/plan.ts'
import { alignRange } from '../graph/pool.ts'
import { bufferTensor, denseBytes, type Tensor } from '../graph/tensor.ts'
import { decodeNext } from '../model/decoder.ts'
import { declareCaches } from '../model/kv-cache.ts'
import { type DecoderWeights, decoderLinears, withoutAdapters } from '../model/weights.ts'
import type { KeyValueCache } from '../ops/cached-attention.ts'
import { logits } from '../ops/linear.ts'
import { TOP_CANDIDATES, type TopLogits, topBlocks, topLogits } from '../ops/top-logits.ts'

export interface GenerationRequest {
  model: ModelConfig
  /** With adapters on its linears where there is a tuned model to run. */
  weights: DecoderWeights
  /** Tokens that the KV cache holds: prompt and text together. */
  capacity: number
  traits: DeviceTraits
  /** Who is to speak; whoever can when left out. */
  voices?: readonly Voice[]
  /** Lengths of the pieces that a prompt is read in, rising from 1; a few up to 128 when left out. */
  chunks?: readonly number[]
}

/** Which model speaks: the base alone, or with its adapter. */
export type Voice = 'base' | 'tuned'

/** A model that continues a sequence: a stage for every chunk length and voice, all on one KV cache. */
export interface GenerationProgram {
  request: GenerationRequest
  plan: Plan
  /** Tokens that a stage takes at a time, rising from 1. */
  chunks: readonly number[]
  /** f32 [capacity, HD/2] */
  cos: Tensor
  sin: Tensor
}

/** A stage's parts: all blocks, and the head on the last token alone, which only the end of a prompt needs. */
export const BLOCKS_PART = 0

export const generationStage = (voice: Voice, chunk: number): string => `${voice}/${chunk}`

/** Prompts go through the model in pieces of these lengths; text token by token. */
const CHUNKS = [1, 8, 32, 128]

/** Records every stage and plans them together. Needs no GPU. */
export function buildGeneration(request: GenerationRequest): GenerationProgram {
  const { model, weights, capacity, traits, voices: wanted } = request
  const table = (name: string) => bufferTensor(name, [capacity, model.headDim / 2], 'f32', 'workspace')
  const shared: SharedTensors = {
    cos: table('rope.cos'),
    sin: table('rope.sin'),
    caches: declareCaches(model, capacity),
    result: resultTensors(model.vocabSize),
  }
  const voices: [Voice, DecoderWeights][] = [['base', withoutAdapters(weights)]]
  if (decoderLinears(weights).some(({ adapter }) => adapter)) voices.push(['tuned', weights])
  const chunks = (request.chunks ?? CHUNKS).filter((chunk) => chunk === 1 || chunk <= capacity)
  const stages: Record<string, Graph> = {}
  for (const [voice, spoken] of voices) {
    if (wanted && !wanted.includes(voice)) continue
    for (const chunk of chunks)
      stages[generationStage(voice, chunk)] = recordChunk(request, spoken, chunk, shared)
  }
  return { request, plan: makePlan(stages, traits), chunks, cos: shared.cos, sin: shared.sin }
}

interface SharedTensors {
  cos: Tensor
  sin: Tensor
  caches: KeyValueCache[]
  result: TopLogits
}

/** The next `chunk` tokens through the model, and what sampling needs of the last one's logits. */
function recordChunk(
  { model }: GenerationRequest,
  weights: DecoderWeights,
  chunk: number,
  shared: SharedTensors,
): Graph {
  const graph = new Graph()
  const { ids, positions } = chunkInputs(chunk)
  const { cos, sin, caches, result } = shared
  const inputs = { tokens: chunk, ids, positions, cos, sin, caches }
  const hidden = decodeNext(graph, model, weights, inputs, () => graph.hostTurn()) // [1, C]
  const row = graph.expose('logits', logits(graph, hidden, weights.head)) // [1, V]
  topLogits(graph, row, result)
  return graph
}

const INPUT_POOL = 'generation.input'
const RESULT_POOL = 'generation.result'

/** Bytes from the ids of a chunk to its positions. */
const chunkStride = (chunk: number) => alignRange(chunk * 4)

/** Ids and positions of a chunk, end to end: written in one go. */
function chunkInputs(chunk: number): { ids: Tensor; positions: Tensor } {
  const place = (slot: number, name: string): Tensor => ({
    name: `${INPUT_POOL}.${name}`,
    shape: [chunk],
    format: 'u32',
    sizeBytes: chunk * 4,
    home: { kind: 'pool', key: INPUT_POOL, offset: slot * chunkStride(chunk) },
    bytes: { workspace: chunkStride(chunk) },
  })
  return { ids: place(0, 'ids'), positions: place(1, 'positions') }
}

/** The bytes of a chunk's inputs: `ids` at positions from `first` on, padded to the chunk. */
export function chunkBytes(chunk: number, ids: readonly number[], first: number): Uint8Array<ArrayBuffer> {
  const stride = chunkStride(chunk)
  const bytes = new Uint8Array(stride + alignRange(chunk * 4))
  const [tokens, positions] = [
    new Uint32Array(bytes.buffer, 0, chunk),
    new Uint32Array(bytes.buffer, stride, chunk),
  ]
  ids.forEach((id, n) => {
    tokens[n] = id
    positions[n] = first + n
  })
  return bytes
}

export const inputRange = ({ buffers }: Plan) => wholeBuffer(buffers, INPUT_POOL)

const SUMS_OFFSET = alignRange(TOP_CANDIDATES * 8)

/** Candidates and sums side by side: one readback brings both. */
function resultTensors(vocabSize: number): TopLogits {
  const place = (name: string, shape: number[], format: 'u32' | 'f32', offset: number): Tensor => {
    const sizeBytes = denseBytes(shape, format)
    return {
      name: `${RESULT_POOL}.${name}`,
      shape,
      format,
      sizeBytes,
      home: { kind: 'pool', key: RESULT_POOL, offset },
      bytes: { workspace: alignRange(sizeBytes) },
    }
  }
  return {
    candidates: place('candidates', [TOP_CANDIDATES, 2], 'u32', 0),
    sums: place('sums', [topBlocks(vocabSize), 3], 'f32', SUMS_OFFSET),
  }
}

/** Where the result of a stage stands: candidates, then sums. */
export function resultRange({ plan, request }: GenerationProgram) {
  return {
    ...wholeBuffer(plan.buffers, RESULT_POOL),
    sizeBytes: SUMS_OFFSET + topBlocks(request.model.vocabSize) * 12,
  }
}

/** The parts of a result as read back. */
export function readResult(bytes: Uint8Array<ArrayBuffer>): {
  pairs: Uint32Array
  logits: Float32Array
  sums: Float32Array
} {
  const { buffer, byteOffset, byteLength } = bytes
  const pairs = new Uint32Array(buffer, byteOffset, TOP_CANDIDATES * 2)
  return {
    pairs,
    logits: new Float32Array(buffer, byteOffset, TOP_CANDIDATES * 2),
    sums: new Float32Array(buffer, byteOffset + SUMS_OFFSET, (byteLength - SUMS_OFFSET) / 4),
  }
}

function wholeBuffer(buffers: Plan['buffers'], key: string) {
  const buffer = buffers.findIndex(({ label }) => label === key)
  return { buffer, offset: 0, sizeBytes: buffers[buffer].sizeBytes }
}
