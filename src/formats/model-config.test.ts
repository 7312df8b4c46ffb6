import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StudioError } from '../util/errors.ts'
import { parseModelConfig } from './model-config.ts'

const root = new URL('../../', import.meta.url)
const text = (path: string) => readFileSync(new URL(path, root), 'utf8')

const LLAMA = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 172,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  vocab_size: 256,
}

const parse = (changes: Record<string, unknown>) => parseModelConfig(JSON.stringify({ ...LLAMA, ...changes }))

function refusal(changes: Record<string, unknown>): StudioError {
  try {
    parse(changes)
  } catch (error) {
    if (error instanceof StudioError) return error
    throw error
  }
  throw new Error('the config was accepted')
}

describe('config.json', () => {
  it('of the embedded model is read in full', () => {
    expect(parseModelConfig(text('public/models/studio-tiny-3m/config.json'))).toEqual({
      family: 'llama',
      hiddenSize: 192,
      intermediateSize: 512,
      numLayers: 6,
      numHeads: 6,
      numKvHeads: 2,
      headDim: 32,
      vocabSize: 4096,
      rmsNormEps: 1e-5,
      ropeTheta: 10000,
      ropeScaling: { type: 'default' },
      tieWordEmbeddings: true,
      maxPositionEmbeddings: 512,
      bosTokenId: 0,
      eosTokenIds: [0],
      padTokenId: 1,
      dtype: 'bfloat16',
    })
  })

  const golden = readdirSync(new URL('e2e/golden', root)).filter((name) => name.startsWith('tiny-llama'))
  it.each(golden)('of the golden case %s is read', (name) => {
    const config = parseModelConfig(text(`e2e/golden/${name}/config.json`))
    expect(config).toMatchObject({
      hiddenSize: 64,
      headDim: 16,
      numKvHeads: 2,
      bosTokenId: 1,
      eosTokenIds: [2],
    })
    if (name !== 'tiny-llama-tied') return
    expect(config.ropeTheta).toBe(500000)
    expect(config.ropeScaling).toEqual({
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositionEmbeddings: 16,
    })
  })

  it('takes the defaults of the transformers library', () => {
    expect(parse({})).toMatchObject({
      numKvHeads: 4,
      headDim: 16,
      rmsNormEps: 1e-6,
      ropeTheta: 10000,
      tieWordEmbeddings: false,
      bosTokenId: null,
      eosTokenIds: [],
    })
  })

  it('may hold rope settings in the old style or the new one', () => {
    const llama3 = {
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    }
    const old = parse({ rope_theta: 5e5, rope_scaling: { type: 'llama3', ...llama3 } })
    const renewed = parse({ rope_parameters: { rope_theta: 5e5, rope_type: 'llama3', ...llama3 } })
    expect(renewed).toEqual(old)
    expect(old.ropeScaling.type).toBe('llama3')
    const plain = parse({ rope_parameters: { rope_theta: 77, rope_type: 'default' } })
    expect(plain).toMatchObject({ ropeTheta: 77, ropeScaling: { type: 'default' } })
  })

  it('may name several end tokens, and write none as -1', () => {
    expect(parse({ eos_token_id: [7, 9], pad_token_id: -1 })).toMatchObject({
      eosTokenIds: [7, 9],
      padTokenId: null,
    })
  })

  it('of another architecture is refused by name, with those known', () => {
    const error = refusal({ architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' })
    expect(error.code).toBe('input/architecture')
    expect(error.message).toContain('Qwen2ForCausalLM')
    expect(error.hint).toContain('LlamaForCausalLM')
    expect(refusal({ architectures: undefined, model_type: 'gpt2' }).message).toContain('"gpt2"')
  })

  it.each<[Record<string, unknown>, RegExp]>([
    [{ hidden_size: undefined }, /"hidden_size" is missing/],
    [{ hidden_size: '64' }, /"hidden_size" must be an integer from 1 to 16777216, found "64"/],
    [{ num_hidden_layers: 0 }, /"num_hidden_layers" must be/],
    [{ num_hidden_layers: 1e9 }, /"num_hidden_layers" must be/],
    [{ hidden_size: 65 }, /"hidden_size" \(65\) is not a multiple/],
    [{ head_dim: 10 }, /"head_dim" must be a multiple of 4, at most 256, found 10$/],
    [{ hidden_size: 56 }, /"head_dim" must be a multiple of 4.*found 14 \(hidden_size 56/],
    [{ head_dim: 512 }, /"head_dim" must be a multiple of 4, at most 256/],
    [{ num_key_value_heads: 3 }, /is not a multiple of "num_key_value_heads" \(3\)/],
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, /"rope_scaling.rope_type" "yarn" is not supported/],
    [{ rope_scaling: { rope_type: 'llama3', factor: 8 } }, /"rope_scaling.low_freq_factor" is missing/],
    [{ rope_scaling: 3 }, /"rope_scaling" must be an object/],
    [{ hidden_act: 'gelu' }, /"hidden_act" "gelu" is not supported/],
    [{ attention_bias: true }, /"attention_bias" true is not supported/],
    [{ mlp_bias: true }, /"mlp_bias" true is not supported/],
    [{ partial_rotary_factor: 0.5 }, /"partial_rotary_factor" 0.5 is not supported/],
    [{ eos_token_id: 256 }, /"eos_token_id" must be token ids from 0 to 255/],
    [{ tie_word_embeddings: 'yes' }, /"tie_word_embeddings" must be true or false/],
    [{ quantization_config: { quant_method: 'bitsandbytes' } }, /"quantization_config" says/],
  ])('with %j is refused', (changes, message) => {
    const error = refusal(changes)
    expect(error.code).toBe('input/model-config')
    expect(error.problems?.map((problem) => problem.message).join('\n')).toMatch(message)
  })

  it('has all its problems reported at once', () => {
    const error = refusal({ hidden_size: null, vocab_size: -2, hidden_act: 'relu' })
    expect(error.problems).toHaveLength(3)
  })

  it('of any JSON is read or refused', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.constantFrom(...Object.keys(LLAMA), 'rope_scaling', 'eos_token_id'),
        (json, name) => {
          for (const file of [json, JSON.stringify({ ...LLAMA, [name]: JSON.parse(json) })]) {
            try {
              parseModelConfig(file)
            } catch (error) {
              expect(error).toBeInstanceOf(StudioError)
            }
          }
        },
      ),
    )
    expect(() => parseModelConfig('{"a":')).toThrow(/config.json is not valid JSON/)
  })
})
