import type { RunConfig } from '../config/schema.ts'
import type { BatchShape } from '../data/batch.ts'
import type { Dtype } from '../formats/dtype.ts'
import type { ModelConfig } from '../formats/model-config.ts'
import { backward } from '../graph/backward.ts'
import { DEFAULT_LIMITS, type DeviceTraits, largestBinding } from '../graph/device.ts'
import { Graph } from '../graph/graph.ts'
import { makePlan } from '../graph/make-plan.ts'
import type { Plan } from '../graph/plan.ts'
import { ParameterPool } from '../graph/pool.ts'
import { bufferTensor, type QuantizedStorage, type Tensor } from '../graph/tensor.ts'
import { decode } from '../model/decoder.ts'
import { type AdapterPlacement, placeAdapters } from '../model/place-adapters.ts'
import { type DecoderWeights, declareWeights, decoderLinears, weightTensors } from '../model/weights.ts'
import { adapterNorm } from '../ops/adapter-norm.ts'
import { clear } from '../ops/clear.ts'
import { linear } from '../ops/linear.ts'
import { lmHeadLoss } from '../ops/lm-head-loss.ts'
import { layOutPages, type PageLayout } from '../optim/page-layout.ts'
import { pageTransfers, recordUpdate, UPDATE_STAGE } from '../optim/record-update.ts'
import { adaptedLinears } from './adapter-state.ts'
import { type BatchInputs, batchInputs } from './batch-inputs.ts'
import { METRICS, metricTensors } from './metrics.ts'
import { recordQuantization } from './quantize-weights.ts'

/** Batches that each kind of stage is planned for. */
export interface PlannedShapes {
  train: readonly BatchShape[]
  evaluate: readonly BatchShape[]
  logits: readonly BatchShape[]
}

/** What of a model is trained: an adapter on its linears, or every weight. */
export type Placement = AdapterPlacement | 'all-weights'

export interface ProgramRequest {
  model: ModelConfig
  /** Dtype of a checkpoint tensor by its name. */
  dtypeOf: (name: string) => Dtype
  config: RunConfig
  /** Null where nothing is trained: to measure a base. */
  placement: Placement | null
  shapes: PlannedShapes
  /** Rows of the RoPE table: one more than the largest position. */
  positions: number
  traits: DeviceTraits
}

/** A model with everything that will be asked of it on a device, recorded and planned together. */
export interface Program {
  request: ProgramRequest
  plan: Plan
  weights: DecoderWeights
  /** The trainable tensors; null where nothing is trained. */
  pool: ParameterPool | null
  /** How the moments are paged; null where they all stay on the GPU. */
  pages: PageLayout | null
  cos: Tensor
  sin: Tensor
}

const extents = ({ batchSize, sequenceLength }: BatchShape): string => `${batchSize}×${sequenceLength}`

export const STAGE = {
  load: (tensor: string) => `load/${tensor}`,
  train: (batch: BatchShape) => `train/${extents(batch)}`,
  evaluate: (batch: BatchShape) => `evaluate/${extents(batch)}`,
  logits: (batch: BatchShape) => `logits/${extents(batch)}`,
  /** Zeroes the gradients and the loss: before the micro-batches of a step, and before each evaluation batch. */
  begin: 'begin',
  beginEvaluation: 'begin-evaluation',
  /** Where moments are not paged. */
  update: UPDATE_STAGE.whole,
  adapterNorms: 'adapter-norms',
} as const

/** Largest chunk of logits that ever exists, in bytes. */
const LOGITS_CHUNK_BYTES = 16 << 20

/** Storage of a frozen base's linears: 4 bits for qlora, else as in the checkpoint. */
export function baseStorage({ method, quantization }: RunConfig): QuantizedStorage | null {
  if (method !== 'qlora') return null
  const { type, blockSize, doubleQuant } = quantization
  if (type !== 'nf4' && type !== 'fp4') throw new Error(`no 4-bit storage named ${type}`)
  return { type, blockSize, doubleQuant }
}

/** Records every stage and plans them together. Needs no GPU. */
export function buildProgram(request: ProgramRequest): Program {
  const { model, config, shapes, positions, traits } = request
  const { weights, pool } = placeWeights(request)
  const table = (name: string) => bufferTensor(name, [positions, model.headDim / 2], 'f32', 'workspace')
  const pages = pool && layOutPages(pool.elements, config.optimizer.paging)
  const program = { request, weights, pool, pages, cos: table('rope.cos'), sin: table('rope.sin') }
  const stages: Record<string, Graph> = {}

  for (const { module, weight } of decoderLinears(weights)) {
    if (weight.quantization)
      stages[STAGE.load(weight.name)] = recordQuantization(
        weight,
        request.dtypeOf(`${module}.weight`),
        weights.codebook as Tensor,
      )
  }
  for (const shape of shapes.train) {
    const graph = recordLoss(program, batchInputs(shape), true)
    backward(graph, { gradientCheckpointing: config.train.gradientCheckpointing })
    stages[STAGE.train(shape)] = graph
  }
  for (const shape of shapes.evaluate)
    stages[STAGE.evaluate(shape)] = recordLoss(program, batchInputs(shape), false)
  for (const shape of shapes.logits) stages[STAGE.logits(shape)] = recordLogits(program, batchInputs(shape))
  if (shapes.evaluate.length > 0) stages[STAGE.beginEvaluation] = recordClear([metricTensors.lossSum])
  if (pool && shapes.train.length > 0) {
    stages[STAGE.begin] = recordClear([...pool.gradients(), metricTensors.lossSum])
    Object.assign(stages, recordUpdate(pool, metricTensors.gradNorm, pages))
    if (adaptedLinears(weights).length > 0) stages[STAGE.adapterNorms] = recordAdapterNorms(weights)
  }
  const allShapes = [...shapes.train, ...shapes.evaluate, ...shapes.logits]
  const held = [
    ...weightTensors(weights),
    ...(weights.embedding.gradient ? allShapes.map((shape) => batchInputs(shape).sorted) : []),
    ...(weights.codebook ? [weights.codebook] : []),
    program.cos,
    program.sin,
  ]
  const transfers = shapes.train.length > 0 ? pageTransfers(pages) : null
  return {
    ...program,
    plan: makePlan(stages, traits, [...held, ...(pool ? pool.values() : [])], transfers),
  }
}

/**
 * A pool's buffers hold what every device binds, or one tensor that is larger: the same cut everywhere, so that no
 * device sums the gradient's norm in an order of its own, and no limit is said to be exceeded for less than a tensor.
 */
const SEGMENT_BYTES = DEFAULT_LIMITS.maxStorageBufferBindingSize

/** Declares the weights, and the pool of what is trained of them or beside them. */
function placeWeights({ model, dtypeOf, config, placement, traits }: ProgramRequest) {
  const maxSegmentBytes = Math.min(SEGMENT_BYTES, largestBinding(traits.limits))
  const quantization = baseStorage(config)
  if (placement === 'all-weights') {
    const trained = new ParameterPool('weights', 'weights', maxSegmentBytes)
    return { weights: declareWeights(model, { dtypeOf, quantization: null, trained }), pool: trained }
  }
  const weights = declareWeights(model, { dtypeOf, quantization })
  return { weights, pool: placement && placeAdapters(weights, placement, 'adapter', maxSegmentBytes) }
}

type Recorded = Omit<Program, 'plan'>

function recordDecoder(
  graph: Graph,
  { request, weights, cos, sin }: Recorded,
  inputs: BatchInputs,
  train: boolean,
): Tensor {
  return decode(graph, request.model, weights, { ...inputs, cos, sin }, { train })
}

/** Forward up to the loss; in training the LM head leaves the gradient of its input behind. */
function recordLoss(program: Recorded, inputs: BatchInputs, train: boolean): Graph {
  const graph = new Graph()
  const hidden = recordDecoder(graph, program, inputs, train) // [N, C]
  const vocab = program.request.model.vocabSize
  const tokens = inputs.batchSize * inputs.sequenceLength
  lmHeadLoss(graph, hidden, program.weights.head, {
    targets: inputs.targets,
    chunkRows: Math.min(tokens, Math.max(16, Math.floor(LOGITS_CHUNK_BYTES / (4 * vocab)))),
    train,
    lossSum: metricTensors.lossSum,
  })
  return graph
}

function recordLogits(program: Recorded, inputs: BatchInputs): Graph {
  const graph = new Graph()
  const hidden = recordDecoder(graph, program, inputs, false)
  graph.expose('logits', linear(graph, hidden, program.weights.head, {})) // [N, V]
  return graph
}

function recordClear(tensors: readonly Tensor[]): Graph {
  const graph = new Graph('update')
  for (const tensor of tensors) clear(graph, tensor)
  return graph
}

function recordAdapterNorms(weights: DecoderWeights): Graph {
  const graph = new Graph('update')
  const adapters = adaptedLinears(weights).map(({ adapter }) => adapter)
  graph.expose(METRICS.adapterNorms, adapterNorm(graph, adapters)) // [modules]
  return graph
}
