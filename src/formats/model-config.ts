import { fileError } from './file-error.ts'
import { JsonFields, type JsonObject, parseJsonObject, shown } from './json.ts'

/** How rotary frequencies are stretched for long contexts. */
export type RopeScaling =
  | { readonly type: 'default' }
  | {
      readonly type: 'llama3'
      readonly factor: number
      readonly lowFreqFactor: number
      readonly highFreqFactor: number
      readonly originalMaxPositionEmbeddings: number
    }

/** What a Hugging Face config.json says about a decoder, under the names of its fields in camelCase. */
export interface ModelConfig {
  readonly family: ModelFamily
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly numLayers: number
  readonly numHeads: number
  readonly numKvHeads: number
  readonly headDim: number
  readonly vocabSize: number
  readonly rmsNormEps: number
  readonly ropeTheta: number
  readonly ropeScaling: RopeScaling
  readonly tieWordEmbeddings: boolean
  readonly maxPositionEmbeddings: number
  readonly bosTokenId: number | null
  /** Generation ends at any of these. */
  readonly eosTokenIds: readonly number[]
  readonly padTokenId: number | null
  /** What the file says its weights are stored as (the weights themselves decide); null when it does not say. */
  readonly dtype: string | null
}

export type ModelFamily = 'llama'

const FAMILY_OF_ARCHITECTURE: ReadonlyMap<string, ModelFamily> = new Map([['LlamaForCausalLM', 'llama']])

/** Above these a file is damaged: no model is so wide or so deep. */
const MAX_SIZE = 2 ** 24
const MAX_LAYERS = 2 ** 10
/** What the attention kernels take, in vectors of four. */
const MAX_HEAD_DIM = 256

const ANOTHER = 'choose a model without it: its arithmetic is not known here'

/**
 * Parses config.json (older `rope_theta` + `rope_scaling`, or newer `rope_parameters`; defaults are those of the
 * transformers library).
 * @throws input/model-config with every problem; an architecture that the studio does not know is refused by name
 */
export function parseModelConfig(text: string, fileName = 'config.json'): ModelConfig {
  const json = parseJsonObject(text, fileName, 'model-config')
  const family = familyOf(json, fileName)
  const fields = new JsonFields(json, fileName)
  const size = (name: string, fallback?: number) => fields.integer(name, { min: 1, max: MAX_SIZE, fallback })

  const hiddenSize = size('hidden_size')
  const intermediateSize = size('intermediate_size')
  const numLayers = fields.integer('num_hidden_layers', { min: 1, max: MAX_LAYERS })
  const numHeads = size('num_attention_heads')
  const numKvHeads = size('num_key_value_heads', numHeads)
  const headDim = size('head_dim', hiddenSize / numHeads)
  const vocabSize = size('vocab_size')
  // A size that has been refused is NaN, and complains no second time.
  if (!fields.has('head_dim') && hiddenSize % numHeads > 0) {
    fields.fail('hidden_size', `(${hiddenSize}) is not a multiple of "num_attention_heads" (${numHeads})`)
  } else if (headDim % 4 > 0 || headDim > MAX_HEAD_DIM) {
    const found = fields.has('head_dim')
      ? `found ${headDim}`
      : `found ${headDim} (hidden_size ${hiddenSize} / num_attention_heads ${numHeads})`
    fields.fail('head_dim', `must be a multiple of 4, at most ${MAX_HEAD_DIM}, ${found}`)
  }
  if (numHeads % numKvHeads > 0) {
    fields.fail(
      'num_attention_heads',
      `(${numHeads}) is not a multiple of "num_key_value_heads" (${numKvHeads})`,
    )
  }

  const { ropeTheta, ropeScaling } = readRope(fields)
  const config: ModelConfig = {
    family,
    hiddenSize,
    intermediateSize,
    numLayers,
    numHeads,
    numKvHeads,
    headDim,
    vocabSize,
    rmsNormEps: fields.number('rms_norm_eps', { min: 1e-12, max: 1, fallback: 1e-6 }),
    ropeTheta,
    ropeScaling,
    tieWordEmbeddings: fields.boolean('tie_word_embeddings', false),
    maxPositionEmbeddings: fields.integer('max_position_embeddings', {
      min: 1,
      max: 2 ** 31,
      fallback: 2048,
    }),
    bosTokenId: tokenIds(fields, 'bos_token_id', vocabSize)[0] ?? null,
    eosTokenIds: tokenIds(fields, 'eos_token_id', vocabSize),
    padTokenId: tokenIds(fields, 'pad_token_id', vocabSize)[0] ?? null,
    dtype: fields.string('dtype') ?? fields.string('torch_dtype'),
  }
  refuseUnsupported(fields)
  if (fields.problems.length > 0) throw fileError('model-config', fields.problems)
  return config
}

function familyOf(json: JsonObject, fileName: string): ModelFamily {
  const listed = Array.isArray(json.architectures) ? json.architectures : []
  for (const name of listed) {
    const family = FAMILY_OF_ARCHITECTURE.get(name)
    if (family) return family
  }
  if (listed.length === 0 && json.model_type === 'llama') return 'llama'
  const known = [...FAMILY_OF_ARCHITECTURE.keys()].join(', ')
  const found =
    listed.length > 0 ? listed.map(shown).join(', ') : `model_type ${shown(json.model_type ?? null)}`
  throw fileError('architecture', [
    {
      message: `${fileName}: architecture ${found} is not supported`,
      fix: `choose a model of a supported architecture: ${known}`,
    },
  ])
}

function readRope(fields: JsonFields): { ropeTheta: number; ropeScaling: RopeScaling } {
  const parameters = fields.nested('rope_parameters')
  const scaling = parameters ?? fields.nested('rope_scaling')
  const ropeTheta = (parameters?.has('rope_theta') ? parameters : fields).number('rope_theta', {
    min: 1,
    fallback: 10000,
  })
  const partial = (parameters?.has('partial_rotary_factor') ? parameters : fields).number(
    'partial_rotary_factor',
    {
      fallback: 1,
    },
  )
  if (partial !== 1) fields.fail('partial_rotary_factor', `${partial} is not supported, only 1`, ANOTHER)
  const type = scaling ? (scaling.string('rope_type') ?? scaling.string('type') ?? 'default') : 'default'
  if (!scaling || type === 'default') return { ropeTheta, ropeScaling: { type: 'default' } }
  if (type !== 'llama3') {
    scaling.fail('rope_type', `${shown(type)} is not supported, only "default" and "llama3"`, ANOTHER)
    return { ropeTheta, ropeScaling: { type: 'default' } }
  }
  const lowFreqFactor = scaling.number('low_freq_factor', { min: 0 })
  const highFreqFactor = scaling.number('high_freq_factor', { min: 0 })
  if (highFreqFactor <= lowFreqFactor) {
    scaling.fail('high_freq_factor', `(${highFreqFactor}) must be above "low_freq_factor" (${lowFreqFactor})`)
  }
  const ropeScaling: RopeScaling = {
    type: 'llama3',
    factor: scaling.number('factor', { min: 1 }),
    lowFreqFactor,
    highFreqFactor,
    originalMaxPositionEmbeddings: scaling.integer('original_max_position_embeddings', {
      min: 1,
      max: 2 ** 31,
    }),
  }
  return { ropeTheta, ropeScaling }
}

/** A token id, a list of them, or nothing. -1 is how some old files say "none". */
/** One token id or a list of them. */
export function tokenIds(fields: JsonFields, name: string, vocabSize: number): number[] {
  if (!fields.has(name)) return []
  const value = fields.object[name]
  const ids: unknown[] = Array.isArray(value) ? value : value === -1 ? [] : [value]
  const good = ids.filter(
    (id): id is number => Number.isInteger(id) && (id as number) >= 0 && !(Number(id) >= vocabSize),
  )
  if (good.length < ids.length) {
    fields.fail(name, `must be token ids from 0 to ${vocabSize - 1}, found ${shown(value)}`)
  }
  return good
}

function refuseUnsupported(fields: JsonFields): void {
  const { hidden_act: act } = fields.object
  if (fields.has('hidden_act') && act !== 'silu') {
    fields.fail('hidden_act', `${shown(act)} is not supported, only "silu"`, ANOTHER)
  }
  for (const bias of ['attention_bias', 'mlp_bias']) {
    if (fields.boolean(bias, false))
      fields.fail(bias, 'true is not supported', 'choose a model without linear biases')
  }
  if (fields.has('quantization_config')) {
    fields.fail(
      'quantization_config',
      'says that the weights are quantized already, which is not supported yet',
      'choose the 16-bit checkpoint of this model; the studio quantizes it itself',
    )
  }
}
