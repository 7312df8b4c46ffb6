import { readFileSync } from 'node:fs'
import { create, globals } from 'webgpu'
import { createRuntime } from '../src/gpu/runtime.ts'
import { DEFAULT_SHAPES, SHAPES } from './shapes.ts'
import { timeSteps } from './step.ts'

const DEFAULT_STEPS = 5

/** `step [shape …] [--steps N]` → JSON on standard output. */
export async function main(args: readonly string[]): Promise<void> {
  const stepsAt = args.indexOf('--steps')
  const steps = stepsAt === -1 ? DEFAULT_STEPS : Number(args[stepsAt + 1])
  const named = args
    .slice(1)
    .filter((_, index) => stepsAt === -1 || (index + 1 !== stepsAt && index !== stepsAt))
  const shapes = named.length > 0 ? named : DEFAULT_SHAPES
  const unknown = shapes.filter((name) => !SHAPES[name])
  if (args[0] !== 'step' || unknown.length > 0 || !(steps >= 1)) {
    throw new Error(
      `usage: bench/run.mjs step [shape …] [--steps N]; shapes: ${Object.keys(SHAPES).join(', ')}`,
    )
  }
  Object.assign(globalThis, globals)
  // Dawn lives as long as this object does.
  const gpu = create([])
  const runtime = await createRuntime(gpu)
  const results = []
  for (const name of shapes) {
    console.error(`${name} …`)
    results.push(await timeSteps(runtime, name, SHAPES[name], steps))
  }
  const { vendor, architecture, device, description, software } = runtime.info
  const version = (path: string) =>
    JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version as string
  const report = {
    adapter: { vendor, architecture, device, description, software },
    versions: {
      node: process.version,
      webgpu: version('../node_modules/webgpu/package.json'),
      studio: version('../package.json'),
    },
    results,
  }
  console.log(JSON.stringify(report, null, 2))
}
