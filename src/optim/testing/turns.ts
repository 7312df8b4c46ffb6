const later = (run: () => void) => (typeof setImmediate === 'function' ? setImmediate(run) : setTimeout(run))

/** Turns of the event loop that others have before it resolves. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => later(resolve))
}
