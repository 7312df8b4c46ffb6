/** Work that must find a run standing still between two steps, whatever moment it is asked for at. */
export class RestingWork {
  private readonly waiting: (() => Promise<void>)[] = []
  private readonly underWay = new Set<Promise<unknown>>()
  private moving = false

  /** Whether something waits for a rest. */
  get isWanted(): boolean {
    return this.waiting.length > 0
  }

  /** Does the work now if the run stands still, else at its next rest. */
  do<T>(work: () => Promise<T>): Promise<T> {
    if (!this.moving) return this.begin(work)
    return new Promise((resolve, reject) => {
      this.waiting.push(() => this.begin(work).then(resolve, reject))
    })
  }

  /** The run stands still: resolves when all that has waited for it is done. */
  async rest(): Promise<void> {
    this.moving = false
    for (const work of this.waiting.splice(0)) await work()
  }

  /** Resolves when nothing is under way that a step would disturb: the run may go on. */
  async go(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay)
    this.moving = true
  }

  private begin<T>(work: () => Promise<T>): Promise<T> {
    const done = work()
    this.underWay.add(done)
    const forget = () => this.underWay.delete(done)
    done.then(forget, forget)
    return done
  }
}
