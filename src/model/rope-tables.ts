import type { ModelConfig } from '../formats/model-config.ts'

export interface RopeTables {
  /** [positions, headDim / 2], row-major. */
  cos: Float32Array<ArrayBuffer>
  sin: Float32Array<ArrayBuffer>
}

/**
 * Rotation angles of every position, computed in float64 on the host: a GPU's own sine errs by 1e-4 on large
 * arguments. Llama-3 scaling follows the Hugging Face implementation ("llama3" rope type).
 */
export function ropeTables(config: ModelConfig, positions: number): RopeTables {
  const frequencies = inverseFrequencies(config)
  const half = frequencies.length
  const cos = new Float32Array(positions * half)
  const sin = new Float32Array(positions * half)
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i]
      cos[position * half + i] = Math.cos(angle)
      sin[position * half + i] = Math.sin(angle)
    }
  }
  return { cos, sin }
}

function inverseFrequencies({ headDim, ropeTheta, ropeScaling }: ModelConfig): number[] {
  const plain = Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headDim))
  if (ropeScaling.type === 'default') return plain
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositionEmbeddings } = ropeScaling
  return plain.map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency
    if (wavelength > originalMaxPositionEmbeddings / lowFreqFactor) return frequency / factor
    if (wavelength < originalMaxPositionEmbeddings / highFreqFactor) return frequency
    const smooth =
      (originalMaxPositionEmbeddings / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor)
    return ((1 - smooth) * frequency) / factor + smooth * frequency
  })
}
