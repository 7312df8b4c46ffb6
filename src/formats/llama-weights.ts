import type { ModelConfig } from './model-config.ts'

export const EMBEDDING_WEIGHT = 'model.embed_tokens.weight'
export const LM_HEAD_WEIGHT = 'lm_head.weight'
export const FINAL_NORM_WEIGHT = 'model.norm.weight'

/** The linear modules of one decoder layer, by their names in a checkpoint, in the order of the forward pass. */
export const LAYER_LINEARS = [
  'self_attn.q_proj',
  'self_attn.k_proj',
  'self_attn.v_proj',
  'self_attn.o_proj',
  'mlp.gate_proj',
  'mlp.up_proj',
  'mlp.down_proj',
] as const

export type LayerLinear = (typeof LAYER_LINEARS)[number]

/** [out, in] of a layer's linear module. */
export function linearShape(config: ModelConfig, linear: LayerLinear): readonly [number, number] {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim } = config
  switch (linear) {
    case 'self_attn.q_proj':
      return [numHeads * headDim, hiddenSize]
    case 'self_attn.k_proj':
    case 'self_attn.v_proj':
      return [numKvHeads * headDim, hiddenSize]
    case 'self_attn.o_proj':
      return [hiddenSize, numHeads * headDim]
    case 'mlp.gate_proj':
    case 'mlp.up_proj':
      return [intermediateSize, hiddenSize]
    case 'mlp.down_proj':
      return [hiddenSize, intermediateSize]
  }
}

/** `model.layers.3.self_attn.q_proj` */
export const linearModule = (layer: number, linear: LayerLinear): string => `model.layers.${layer}.${linear}`

/** Module → [out, in] of every linear of every layer: what LoRA can sit on, what QLoRA quantizes. */
export function linearModules(config: ModelConfig): Map<string, readonly [number, number]> {
  const modules = new Map<string, readonly [number, number]>()
  for (let layer = 0; layer < config.numLayers; layer++) {
    for (const linear of LAYER_LINEARS) modules.set(linearModule(layer, linear), linearShape(config, linear))
  }
  return modules
}

/**
 * Name → shape of every tensor of a Llama checkpoint, in the order of the forward pass. Tied models have no LM head of
 * their own.
 */
export function llamaTensorShapes(config: ModelConfig): Map<string, readonly number[]> {
  const { hiddenSize, numLayers, vocabSize, tieWordEmbeddings } = config
  const shapes = new Map<string, readonly number[]>([[EMBEDDING_WEIGHT, [vocabSize, hiddenSize]]])
  const addLinear = (layer: number, linear: LayerLinear) =>
    shapes.set(`${linearModule(layer, linear)}.weight`, linearShape(config, linear))
  for (let layer = 0; layer < numLayers; layer++) {
    shapes.set(`model.layers.${layer}.input_layernorm.weight`, [hiddenSize])
    for (const linear of LAYER_LINEARS.slice(0, 4)) addLinear(layer, linear)
    shapes.set(`model.layers.${layer}.post_attention_layernorm.weight`, [hiddenSize])
    for (const linear of LAYER_LINEARS.slice(4)) addLinear(layer, linear)
  }
  shapes.set(FINAL_NORM_WEIGHT, [hiddenSize])
  if (!tieWordEmbeddings) shapes.set(LM_HEAD_WEIGHT, [vocabSize, hiddenSize])
  return shapes
}
