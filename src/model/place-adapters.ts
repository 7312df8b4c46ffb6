import { isTargetModule } from '../formats/adapter-config.ts'
import { peftKey } from '../formats/peft-adapter.ts'
import { ParameterPool } from '../graph/pool.ts'
import { type DecoderWeights, decoderLinears } from './weights.ts'

export interface AdapterPlacement {
  rank: number
  alpha: number
  dropout: number
  useRslora: boolean
  /** Ends of module names, or `all-linear`. */
  targetModules: readonly string[]
}

/** α/r, or α/√r for rsLoRA (Kalajdzievski 2023). */
export const adapterScaling = ({ rank, alpha, useRslora }: AdapterPlacement): number =>
  alpha / (useRslora ? Math.sqrt(rank) : rank)

/** Hangs LoRA on the target linears of a model; its tensors, named as PEFT names them, fill one pool under `key`. */
export function placeAdapters(
  weights: DecoderWeights,
  placement: AdapterPlacement,
  key = 'adapter',
  maxSegmentBytes?: number,
): ParameterPool {
  const pool = new ParameterPool(key, 'adapters', maxSegmentBytes)
  const { rank, dropout } = placement
  const scaling = adapterScaling(placement)
  for (const linear of decoderLinears(weights)) {
    if (!isTargetModule(linear.module, placement.targetModules)) continue
    const [out, inner] = linear.weight.shape
    linear.adapter = {
      A: pool.add(peftKey(linear.module, 'loraA'), [rank, inner]),
      B: pool.add(peftKey(linear.module, 'loraB'), [out, rank]),
      scaling,
      dropout,
    }
  }
  return pool
}
