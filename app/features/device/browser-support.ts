import type { Obstacle } from '../../stores/state.ts'

/** What of the browser decides whether it is worth starting the engine. */
export interface BrowserFacts {
  isSecureContext: boolean
  hasWebGpu: boolean
}

/**
 * The first thing in the way, or null. An insecure page comes first: there browsers hide WebGPU altogether, and saying
 * "no WebGPU" would send people to the wrong place. Whether there is an adapter only the engine can tell.
 */
export function browserObstacle({ isSecureContext, hasWebGpu }: BrowserFacts): Obstacle | null {
  if (!isSecureContext) return 'insecure'
  return hasWebGpu ? null : 'no-webgpu'
}
