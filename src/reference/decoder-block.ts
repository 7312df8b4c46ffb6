import type { Values } from './array.ts'
import { add } from './array.ts'
import { attentionBackward, attentionForward } from './attention.ts'
import { moduleBackward, moduleForward } from './decoder-linear.ts'
import type { Pass } from './decoder-pass.ts'
import { addWeightGradient, weight } from './decoder-pass.ts'
import { residualBackward, residualForward } from './residual.ts'
import { rmsnormBackward, rmsnormForward } from './rmsnorm.ts'
import { ropeBackward, ropeForward } from './rope.ts'
import { swigluBackward, swigluForward } from './swiglu.ts'

/** A block's activations, as its backward needs them. */
export interface BlockRecord {
  x: Float64Array
  norm1: { y: Float64Array; rstd: Float64Array }
  /** Rotated. */
  q: Float64Array
  k: Float64Array
  v: Float64Array
  attention: { o: Float64Array; lse: Float64Array }
  xa: Record<string, Float64Array>
  middle: Float64Array
  norm2: { y: Float64Array; rstd: Float64Array }
  gate: Float64Array
  up: Float64Array
  a: Float64Array
  out: Float64Array
}

export function blockForward(pass: Pass, layer: number, x: Float64Array): BlockRecord {
  const { decoder, attention: shape, rope } = pass
  const { rmsNormEps } = decoder.config
  const { heads, kvHeads, headDim } = shape
  const xa: Record<string, Float64Array> = {}
  const project = (input: Float64Array, module: string) => moduleForward(pass, layer, module, input, xa)
  const layerWeight = (name: string) => weight(decoder, `model.layers.${layer}.${name}.weight`)

  const norm1 = rmsnormForward(x, layerWeight('input_layernorm'), rmsNormEps)
  const q = ropeForward(project(norm1.y, 'self_attn.q_proj'), rope, heads, headDim)
  const k = ropeForward(project(norm1.y, 'self_attn.k_proj'), rope, kvHeads, headDim)
  const v = project(norm1.y, 'self_attn.v_proj')
  const attention = attentionForward(q, k, v, shape)
  const middle = residualForward(x, project(attention.o, 'self_attn.o_proj'))

  const norm2 = rmsnormForward(middle, layerWeight('post_attention_layernorm'), rmsNormEps)
  const gate = project(norm2.y, 'mlp.gate_proj')
  const up = project(norm2.y, 'mlp.up_proj')
  const a = swigluForward(gate, up)
  const out = residualForward(middle, project(a, 'mlp.down_proj'))
  return { x, norm1, q, k, v, attention, xa, middle, norm2, gate, up, a, out }
}

/** dx of the block's input from `dout` of its output; notes the gradients of its parameters in `pass`. */
export function blockBackward(
  pass: Pass,
  layer: number,
  dout: Float64Array,
  block: BlockRecord,
): Float64Array {
  const { attention: shape, rope } = pass
  const { heads, kvHeads, headDim } = shape
  const { x, norm1, q, k, v, attention, xa, middle, norm2, gate, up, a } = block
  const back = (dy: Float64Array, input: Float64Array, module: string) =>
    moduleBackward(pass, layer, module, dy, input, xa)
  const prefix = `model.layers.${layer}`

  const mlp = residualBackward(dout)
  const { dgate, dup } = swigluBackward(back(mlp.dbranch, a, 'mlp.down_proj'), gate, up)
  const dnorm2 = add(back(dgate, norm2.y, 'mlp.gate_proj'), back(dup, norm2.y, 'mlp.up_proj'))
  const dmiddle = add(
    mlp.dx,
    normBackward(pass, `${prefix}.post_attention_layernorm.weight`, dnorm2, middle, norm2.rstd),
  )

  const attn = residualBackward(dmiddle)
  const dO = back(attn.dbranch, attention.o, 'self_attn.o_proj')
  const { dq, dk, dv } = attentionBackward(dO, q, k, v, attention.o, attention.lse, shape)
  const dnorm1 = [
    back(ropeBackward(dq, rope, heads, headDim), norm1.y, 'self_attn.q_proj'),
    back(ropeBackward(dk, rope, kvHeads, headDim), norm1.y, 'self_attn.k_proj'),
    back(dv, norm1.y, 'self_attn.v_proj'),
  ].reduce(add)
  return add(attn.dx, normBackward(pass, `${prefix}.input_layernorm.weight`, dnorm1, x, norm1.rstd))
}

/** dx of an RMSNorm; notes the gradient of its weight. */
export function normBackward(pass: Pass, name: string, dy: Values, x: Values, rstd: Values): Float64Array {
  const { dx, dweight } = rmsnormBackward(dy, x, weight(pass.decoder, name), rstd)
  addWeightGradient(pass, name, () => dweight)
  return dx
}
