/** What a check compares with: bitsandbytes' bytes, the reference in float64, or the curve of an independent oracle. */
export type CheckKind = 'hashes' | 'op' | 'curve'

/** One check of a device, and how far off it was. */
export interface VerificationCheck {
  name: string
  kind: CheckKind
  /** Names of the kernels that ran. */
  kernels: string[]
  /**
   * The worst of what was compared, in units that `kind` decides: hashes and bytes that differ; normalised mean
   * squared error; relative error. Null where nothing could be computed.
   */
  figure: number | null
  /** Largest figure that is right. */
  tolerance: number
  passed: boolean
  /** What is wrong, in words. */
  problem: string | null
  durationMs: number
}

/** The verdict on a device. */
export interface VerificationReport {
  passed: boolean
  /** The fewest kernels that explain all that is wrong; empty where nothing is. */
  wrongKernels: string[]
  checks: VerificationCheck[]
  durationMs: number
}
