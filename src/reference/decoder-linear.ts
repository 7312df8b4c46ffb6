import { StudioError } from '../util/errors.ts'
import type { Values } from './array.ts'
import { add } from './array.ts'
import type { Decoder, DecoderConfig, LoraInput, Pass } from './decoder-pass.ts'
import { addWeightGradient, weight } from './decoder-pass.ts'
import { linearBackwardInput, linearBackwardWeight, linearForward } from './linear.ts'
import type { Dropout, LoraShape } from './lora.ts'
import { loraBackward, loraForward } from './lora.ts'

/** Linear plus its adapter if it has one; notes the adapter's xa under the module's name. */
export function moduleForward(
  pass: Pass,
  layer: number,
  module: string,
  x: Float64Array,
  xa: Record<string, Float64Array>,
): Float64Array {
  const { W, shape, adapter } = linearModule(pass.decoder, layer, module)
  const base = linearForward(x, W, shape)
  if (!adapter) return base
  const lora = loraForward(base, x, adapter.A, adapter.B, shape, dropoutOf(pass.decoder, layer, module))
  xa[module] = lora.xa
  return lora.y
}

export function moduleBackward(
  pass: Pass,
  layer: number,
  module: string,
  dy: Float64Array,
  x: Float64Array,
  xa: Record<string, Float64Array>,
): Float64Array {
  const { W, name, shape, adapter } = linearModule(pass.decoder, layer, module)
  addWeightGradient(pass, name, () => linearBackwardWeight(dy, x, shape))
  const dx = linearBackwardInput(dy, W, shape)
  if (!adapter) return dx
  const { A, B, names } = adapter
  const lora = loraBackward(dy, x, xa[module], A, B, shape, dropoutOf(pass.decoder, layer, module))
  pass.adapterGradients[names.A] = lora.dA
  pass.adapterGradients[names.B] = lora.dB
  return add(dx, lora.dx)
}

interface LinearModule {
  /** Of its weight. */
  name: string
  W: Values
  shape: LoraShape
  adapter?: { A: Values; B: Values; names: { A: string; B: string } }
}

function linearModule(decoder: Decoder, layer: number, module: string): LinearModule {
  const { config, adapters = {}, scaling = 1 } = decoder
  const path = `model.layers.${layer}.${module}`
  const name = `${path}.weight`
  const W = weight(decoder, name)
  const inFeatures = inFeaturesOf(config, module)
  const names = {
    A: `base_model.model.${path}.lora_A.weight`,
    B: `base_model.model.${path}.lora_B.weight`,
  }
  const A = adapters[names.A]
  const B = adapters[names.B]
  const shape = {
    inFeatures,
    outFeatures: W.length / inFeatures,
    rank: A ? A.length / inFeatures : 0,
    scaling,
  }
  if (!A && !B) return { name, W, shape }
  if (!A || !B) {
    throw new StudioError(
      'reference/name',
      `${path} has only one of lora_A and lora_B; expected both or none`,
    )
  }
  return { name, W, shape, adapter: { A, B, names } }
}

function inFeaturesOf(config: DecoderConfig, module: string): number {
  if (module === 'mlp.down_proj') return config.intermediateSize
  if (module !== 'self_attn.o_proj' || config.headDim === undefined) return config.hiddenSize
  return config.numAttentionHeads * config.headDim
}

function dropoutOf(decoder: Decoder, layer: number, module: string): Dropout | undefined {
  return decoder.dropout?.(layer, LORA_INPUTS[module])
}

const LORA_INPUTS: Readonly<Record<string, LoraInput>> = {
  'self_attn.q_proj': 'attention',
  'self_attn.k_proj': 'attention',
  'self_attn.v_proj': 'attention',
  'self_attn.o_proj': 'attention_output',
  'mlp.gate_proj': 'mlp',
  'mlp.up_proj': 'mlp',
  'mlp.down_proj': 'mlp_activation',
}
