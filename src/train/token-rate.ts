/** Steps that a rate is taken over. */
const WINDOW = 4

/**
 * Tokens per second over the last steps. The host sees a step's end when its metrics arrive, two steps' at once now and
 * then: a rate of each alone would be endless for one of them, and an epoch's short last step would look slow.
 */
export class TokenRate {
  private readonly recent: { tokens: number; durationMs: number }[] = []

  /** Counts a step and gives the rate. */
  after(tokens: number, durationMs: number): number {
    this.recent.push({ tokens, durationMs })
    if (this.recent.length > WINDOW) this.recent.shift()
    const sum = (key: 'tokens' | 'durationMs') => this.recent.reduce((total, step) => total + step[key], 0)
    return (sum('tokens') / Math.max(sum('durationMs'), 1)) * 1000
  }
}
