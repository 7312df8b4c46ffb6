import { test } from 'vitest'
import { routesOf } from '../../verify/check-case.ts'
import { checkOp, type Errors, prepareCase } from '../../verify/check-op.ts'
import type { OpCase } from '../../verify/op-case.ts'
import { laneRuntime } from './lane-runtime.ts'

/** plain: for software adapters; gpu: for GPUs. Where an op has one set of kernels only, it runs once. */
export type Variant = 'plain' | 'gpu'

/**
 * A test of one case: forward and every gradient, with the kernels for a GPU and with those for a software adapter
 * (chosen by `DeviceTraits.software`), gradients of activations written and accumulated.
 * @param variants fewer, where kernels with barriers take a software adapter seconds to compile
 */
export function testOp(opCase: OpCase, variants?: readonly Variant[]): void {
  test(opCase.name, async () => {
    await checkAllVariants(opCase, variants)
  })
}

/** What `testOp` does, for use inside a test. Gives the largest error of each output over all variants. */
export async function checkAllVariants(
  opCase: OpCase,
  variants: readonly Variant[] = ['plain', 'gpu'],
): Promise<Errors> {
  const runtime = await laneRuntime()
  const limits = { ...runtime.traits.limits, ...opCase.limits }
  const largest: Errors = {}
  const seen = new Set<string>()
  for (const variant of variants) {
    for (const route of routesOf(opCase)) {
      const prepared = prepareCase(
        opCase,
        { ...runtime.traits, limits, software: variant === 'plain' },
        route,
      )
      const { kernels, stages, params } = prepared.plan
      const key = JSON.stringify([kernels, stages, [...params]])
      if (seen.has(key)) continue
      seen.add(key)
      const errors = await checkOp(prepared, runtime).catch((error: Error) => {
        throw new Error(`${error.message} (${variant} kernels, gradients ${route})`, { cause: error })
      })
      for (const [name, error] of Object.entries(errors)) largest[name] = Math.max(largest[name] ?? 0, error)
    }
  }
  return largest
}
