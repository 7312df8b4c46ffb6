/** Extents of a micro-batch. */
export interface BatchShape {
  batchSize: number
  sequenceLength: number
}

/** One micro-batch, row-major [batchSize, sequenceLength]: the whole contract between the data and the engine. */
export interface Batch extends BatchShape {
  inputIds: Uint32Array
  /** Already shifted: targets[b, t] is the label that position t must predict, -1 where not supervised. */
  targets: Int32Array
  positionIds: Uint32Array
  /** Tokens attend only within their segment; right padding has a segment of its own. */
  segmentIds: Uint32Array
  /** Number of targets that are not -1. */
  supervisedTokens: number
  /** Number of tokens that are not padding. */
  tokens: number
  /** Dataset row numbers (0-based) behind the batch, for the per-token loss browser. */
  rows: number[]
}
