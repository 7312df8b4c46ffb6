import valueF32 from '../../shaders/common/weight_value_f32.wgsl?raw'
import valueVec4 from '../../shaders/common/weight_value_vec4.wgsl?raw'
import type { Tensor } from '../graph/tensor.ts'
import type { ValueWidth } from './elementwise.ts'
import { type WeightSource, weightSource } from './weight-source.ts'

/** A dense weight read as `Value`: adds `load_weight_value(index)`, index counting Values. */
export function weightValues(weight: Tensor, { width, suffix, include }: ValueWidth): WeightSource {
  const source = weightSource(weight)
  return {
    ...source,
    name: `${source.name}.${suffix}`,
    includes: [include, ...source.includes, width === 4 ? valueVec4 : valueF32],
  }
}
