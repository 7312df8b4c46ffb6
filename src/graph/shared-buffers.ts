import type { Plan, PlannedBuffer } from './plan.ts'
import { type BytesByCategory, MEMORY_CATEGORIES, type MemoryCategory } from './tensor.ts'

/** What outlives a stage and is the same whoever reads it: all that a second plan may share. */
const SHAREABLE: ReadonlySet<string> = new Set<MemoryCategory>(['base4bit', 'scales', 'weights', 'adapters'])

/** Index of the owner's buffer that a second plan reads in place of one of its own; −1 where it needs its own. */
export function sharedBuffer({ label, sizeBytes, bytes }: PlannedBuffer, owner: Plan): number {
  if (!Object.keys(bytes).every((category) => SHAREABLE.has(category))) return -1
  return owner.buffers.findIndex((buffer) => buffer.label === label && buffer.sizeBytes === sizeBytes)
}

/** What a plan takes beside its owner: all of its bytes but those of the buffers that it shares. */
export function bytesBeside(plan: Plan, owner: Plan): BytesByCategory {
  const own = { ...plan.bytes }
  for (const planned of plan.buffers) {
    if (sharedBuffer(planned, owner) < 0) continue
    for (const category of MEMORY_CATEGORIES) own[category] -= planned.bytes[category] ?? 0
  }
  return own
}

/** The bytes of two plans that are on the device together. */
export function bytesTogether(one: BytesByCategory, other: BytesByCategory): BytesByCategory {
  return Object.fromEntries(
    MEMORY_CATEGORIES.map((category) => [category, one[category] + other[category]]),
  ) as BytesByCategory
}

export const sumOfBytes = (bytes: BytesByCategory): number =>
  MEMORY_CATEGORIES.reduce((sum, category) => sum + bytes[category], 0)
