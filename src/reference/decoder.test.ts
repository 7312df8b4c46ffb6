import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { QuantizationFormat } from '../quant/quantized-matrix.ts'
import { dequantizeMatrix, quantizeMatrix } from '../quant/quantized-matrix.ts'
import { adamwState, adamwStep } from './adamw.ts'
import { add } from './array.ts'
import type { Decoder, DecoderBatch, DecoderConfig } from './decoder.ts'
import { decoderLossAndGradients, nextTokenTargets } from './decoder.ts'
import { gradientError } from './finite-difference.ts'
import { gradNorm } from './grad-norm.ts'
import { nmse } from './nmse.ts'
import { uniformValues } from './uniform-values.ts'

const GOLDEN = new URL('../../e2e/golden/', import.meta.url)

describe.each([
  ['tiny-llama', 'lora'],
  ['tiny-llama', 'qlora'],
  ['tiny-llama', 'qlora-single-quant'],
  ['tiny-llama', 'qlora-rslora'],
  ['tiny-llama', 'full'],
  ['tiny-llama-tied', 'qlora'],
  ['tiny-llama-tied', 'full'],
  ['tiny-llama-accumulate', 'qlora'],
  ['tiny-llama-packed', 'qlora'],
])('golden case %s/%s (PyTorch, float64)', (name, method) => {
  const golden = readGolden(name, method)
  const isFull = method === 'full'
  const start = decoderOf(golden, golden.weights, golden.adapters)

  it('gives the logits, to the float32 they are stored in', () => {
    const { logits } = decoderLossAndGradients(start, golden.steps[0][0])
    expect(nmse(float32(logits), golden.expected.logits)).toBeLessThan(1e-18)
  })

  it('gives every gradient of the first step, to the float32 they are stored in', () => {
    const { gradients } = stepGradients(start, golden.steps[0], isFull)
    const names = Object.keys(golden.expected).filter((key) => key.startsWith('grad.'))
    expect(
      Object.keys(gradients)
        .map((key) => `grad.${key}`)
        .sort(),
    ).toEqual(names.sort())
    for (const key of names) {
      expect(nmse(float32(gradients[key.slice('grad.'.length)]), golden.expected[key]), key).toBeLessThan(
        1e-16,
      )
    }
  })

  it('follows the loss and gradient norm through ten AdamW steps', () => {
    const { losses, norms, parameters } = train(golden, isFull)
    expect(losses).toHaveLength(10)
    expect(largestRelativeError(losses, golden.curve.loss)).toBeLessThan(1e-11)
    expect(largestRelativeError(norms, golden.curve.gradNorm)).toBeLessThan(1e-11)
    for (const [key, values] of Object.entries(parameters)) {
      expect(nmse(float32(values), golden.expected[`final.${key}`]), key).toBeLessThan(1e-15)
    }
  })
})

describe('a small decoder', () => {
  const config: DecoderConfig = {
    hiddenSize: 6,
    intermediateSize: 5,
    numHiddenLayers: 2,
    numAttentionHeads: 3,
    numKeyValueHeads: 1,
    headDim: 4,
    vocabSize: 7,
    rmsNormEps: 1e-5,
    ropeTheta: 100,
  }
  const batch: DecoderBatch = {
    batchSize: 2,
    sequenceLength: 4,
    inputIds: [1, 2, 3, 4, 5, 6, 0, 1],
    targets: [2, -1, 4, -1, 6, 0, 1, -1],
    positionIds: [0, 1, 0, 1, 0, 1, 2, 3],
    segmentIds: [0, 0, 1, 1, 0, 0, 0, 0],
  }
  const rank = 2
  const weights: Record<string, Float64Array> = {
    'model.embed_tokens.weight': uniformValues(7 * 6, 1),
    'model.norm.weight': uniformValues(6, 2, 0.5, 1.5),
    'lm_head.weight': uniformValues(7 * 6, 3),
  }
  const adapters: Record<string, Float64Array> = {}
  const linears: [string, number, number][] = [
    ['self_attn.q_proj', 6, 12],
    ['self_attn.k_proj', 6, 4],
    ['self_attn.v_proj', 6, 4],
    ['self_attn.o_proj', 12, 6],
    ['mlp.gate_proj', 6, 5],
    ['mlp.up_proj', 6, 5],
    ['mlp.down_proj', 5, 6],
  ]
  for (const layer of [0, 1]) {
    const path = `model.layers.${layer}`
    weights[`${path}.input_layernorm.weight`] = uniformValues(6, 10 + layer, 0.5, 1.5)
    weights[`${path}.post_attention_layernorm.weight`] = uniformValues(6, 20 + layer, 0.5, 1.5)
    linears.forEach(([module, inFeatures, outFeatures], i) => {
      const seed = 100 * (layer + 1) + 3 * i
      weights[`${path}.${module}.weight`] = uniformValues(outFeatures * inFeatures, seed)
      const adapter = `base_model.model.${path}.${module}`
      adapters[`${adapter}.lora_A.weight`] = uniformValues(rank * inFeatures, seed + 1)
      adapters[`${adapter}.lora_B.weight`] = uniformValues(outFeatures * rank, seed + 2)
    })
  }
  const masks = { attention: 6, attention_output: 12, mlp: 6, mlp_activation: 5 }
  const decoder: Decoder = {
    config,
    weights,
    adapters,
    scaling: 1.5,
    dropout: (layer, input) => ({
      mask: uniformValues(8 * masks[input], layer * 50 + masks[input]).map((u) => (u < 0.4 ? 1 : 0)),
      p: 0.3,
    }),
  }
  const { adapterGradients, weightGradients, count } = decoderLossAndGradients(decoder, batch, {
    weightGradients: true,
    gradScale: 0.25,
  })
  const lossOf = (changes: Partial<Decoder>) =>
    decoderLossAndGradients({ ...decoder, ...changes }, batch).lossSum * 0.25

  it.each(Object.keys(adapters))('has the gradient of %s, with dropout and segments', (key) => {
    const f = (x: Float64Array) => lossOf({ adapters: { ...adapters, [key]: x } })
    expect(gradientError(f, adapters[key], adapterGradients[key], { coordinates: 4 })).toBeLessThan(1e-8)
  })

  it.each(Object.keys(weights))('has the gradient of %s', (key) => {
    const f = (x: Float64Array) => lossOf({ weights: { ...weights, [key]: x } })
    expect(gradientError(f, weights[key], weightGradients[key], { coordinates: 4 })).toBeLessThan(1e-8)
  })

  it('counts the supervised positions and divides by them unless told otherwise', () => {
    expect(count).toBe(5)
    const mean = decoderLossAndGradients(decoder, batch).adapterGradients
    const key = Object.keys(adapters)[0]
    expect(
      nmse(
        mean[key].map((g) => g * count * 0.25),
        adapterGradients[key],
      ),
    ).toBeLessThan(1e-26)
  })

  it('names a missing weight and half an adapter', () => {
    const { 'model.norm.weight': _, ...rest } = weights
    expect(() => lossOf({ weights: rest })).toThrow('the weights have no model.norm.weight')
    const half = { 'base_model.model.model.layers.0.mlp.up_proj.lora_A.weight': new Float64Array(12) }
    expect(() => lossOf({ adapters: half })).toThrow(
      'model.layers.0.mlp.up_proj has only one of lora_A and lora_B',
    )
  })
})

it('shifts labels by one within each sequence', () => {
  expect([...nextTokenTargets([-100, 5, 6, 7, -100, 8], 3)]).toEqual([5, 6, -1, -1, 8, -1])
})

interface Golden {
  config: DecoderConfig
  weights: Record<string, Float32Array>
  adapters: Record<string, Float32Array>
  scaling: number
  /** Steps of micro-batches. */
  steps: DecoderBatch[][]
  expected: Record<string, Float32Array>
  curve: { loss: number[]; gradNorm: number[] }
  optimizer: { lr: number; betas: [number, number]; eps: number; weightDecay: number; maxGradNorm: number }
}

function decoderOf(golden: Golden, weights: Decoder['weights'], adapters: Decoder['adapters']): Decoder {
  return { config: golden.config, weights, adapters, scaling: golden.scaling }
}

/** Mean loss and its gradients over the supervised tokens of all micro-batches of a step. */
function stepGradients(decoder: Decoder, batches: DecoderBatch[], isFull: boolean) {
  const count = batches.flatMap((batch) => Array.from(batch.targets)).filter((target) => target !== -1).length
  const results = batches.map((batch) =>
    decoderLossAndGradients(decoder, batch, { gradScale: 1 / count, weightGradients: isFull }),
  )
  const parts = results.map((result) => (isFull ? result.weightGradients : result.adapterGradients))
  const keys = Object.keys(parts[0])
  const gradients = Object.fromEntries(
    keys.map((key) => [key, parts.map((part) => part[key]).reduce((sum, part) => add(sum, part))]),
  )
  return { loss: results.reduce((sum, { lossSum }) => sum + lossSum, 0) / count, gradients }
}

function train(golden: Golden, isFull: boolean) {
  const { lr, betas, eps, weightDecay, maxGradNorm } = golden.optimizer
  const losses: number[] = []
  const norms: number[] = []
  const initial = Object.entries(isFull ? golden.weights : golden.adapters)
  let states = new Map(initial.map(([key, values]) => [key, adamwState(values)]))
  const parameters = () => Object.fromEntries([...states].map(([key, state]) => [key, state.p]))
  golden.steps.forEach((batches, t) => {
    const decoder = isFull
      ? decoderOf(golden, parameters(), {})
      : decoderOf(golden, golden.weights, parameters())
    const { loss, gradients } = stepGradients(decoder, batches, isFull)
    const { norm, clipFactor, skip } = gradNorm(Object.values(gradients), maxGradNorm)
    const update = { step: t + 1, lr, beta1: betas[0], beta2: betas[1], eps, weightDecay, clipFactor, skip }
    losses.push(loss)
    norms.push(norm)
    states = new Map([...states].map(([key, state]) => [key, adamwStep(state, gradients[key], update)]))
  })
  return { losses, norms, parameters: parameters() }
}

function readGolden(name: string, method: string): Golden {
  const folder = new URL(`${name}/`, GOLDEN)
  const json = (path: string) => JSON.parse(readFileSync(new URL(path, folder), 'utf8'))
  const config = json('config.json')
  const scaling = config.rope_scaling
  const expected = json(`${method}/expected.json`)
  const weights = readTensors(new URL('model.safetensors', folder))
  const adapterFile = new URL(`${method}/adapter_init/adapter_model.safetensors`, folder)
  return {
    config: {
      hiddenSize: config.hidden_size,
      intermediateSize: config.intermediate_size,
      numHiddenLayers: config.num_hidden_layers,
      numAttentionHeads: config.num_attention_heads,
      numKeyValueHeads: config.num_key_value_heads,
      vocabSize: config.vocab_size,
      rmsNormEps: config.rms_norm_eps,
      ropeTheta: config.rope_theta,
      ropeScaling: scaling && {
        factor: scaling.factor,
        lowFreqFactor: scaling.low_freq_factor,
        highFreqFactor: scaling.high_freq_factor,
        originalMaxPositionEmbeddings: scaling.original_max_position_embeddings,
      },
    },
    weights: expected.quantization ? roundTrip(weights, expected.quantization) : weights,
    adapters: existsSync(adapterFile) ? readTensors(adapterFile) : {},
    scaling: expected.alpha / (expected.useRslora ? Math.sqrt(expected.rank) : expected.rank),
    steps: json('batches.json').steps.map((step: GoldenBatch[]) => step.map(batchOf)),
    expected: readTensors(new URL(`${method}/expected.safetensors`, folder)),
    curve: { loss: expected.loss, gradNorm: expected.gradNorm },
    optimizer: expected.optimizer,
  }
}

/** Quantizes and dequantizes the linears of the blocks: what a QLoRA forward computes with. */
function roundTrip(
  weights: Record<string, Float32Array>,
  format: QuantizationFormat,
): Record<string, Float32Array> {
  const entries = Object.entries(weights).map(([key, values]) => {
    if (!key.endsWith('_proj.weight')) return [key, values]
    return [key, dequantizeMatrix(quantizeMatrix(values, [values.length], format, key))]
  })
  return Object.fromEntries(entries)
}

interface GoldenBatch {
  input_ids: number[][]
  labels: number[][]
  position_ids?: number[][]
  segment_ids?: number[][]
}

function batchOf(batch: GoldenBatch): DecoderBatch {
  const sequenceLength = batch.input_ids[0].length
  return {
    batchSize: batch.input_ids.length,
    sequenceLength,
    inputIds: batch.input_ids.flat(),
    targets: nextTokenTargets(batch.labels.flat(), sequenceLength),
    positionIds: batch.position_ids?.flat(),
    segmentIds: batch.segment_ids?.flat(),
  }
}

/** An F32 safetensors file; read here so that the oracle's test leans on nothing it may later be an oracle of. */
function readTensors(url: URL): Record<string, Float32Array> {
  const bytes = new Uint8Array(readFileSync(url)).buffer
  const headerLength = Number(new DataView(bytes).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, headerLength)))
  const entries = Object.entries<{ data_offsets: [number, number] }>(header).filter(
    ([key]) => key !== '__metadata__',
  )
  return Object.fromEntries(
    entries.map(([key, { data_offsets }]) => {
      const [start, end] = data_offsets.map((offset) => 8 + headerLength + offset)
      return [key, new Float32Array(bytes.slice(start, end))]
    }),
  )
}

const largestRelativeError = (actual: number[], expected: number[]): number =>
  Math.max(...actual.map((value, i) => Math.abs(value / expected[i] - 1)))

const float32 = (values: Float64Array): Float32Array => Float32Array.from(values)
