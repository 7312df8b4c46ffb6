import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { runnerImport } from 'vite'
import { create, globals } from 'webgpu'
import { createRuntime } from '../src/gpu/runtime.ts'
import type { Runtime } from '../src/graph/executable.ts'
import { DEFAULT_PRODUCT_SHAPES, PRODUCT_SHAPES, productCases, timeProduct } from './matmul.ts'
import { pagingCases, timePaging } from './paging.ts'
import * as products from './products.ts'
import { DEFAULT_SHAPES, SHAPES } from './shapes.ts'
import { timeSteps } from './step.ts'

interface Request {
  shapes: string[]
  /** Of `--name value`. */
  options: Record<string, string>
}

interface Benchmark {
  usage: string
  shapes: readonly string[]
  defaults: readonly string[]
  options: readonly string[]
  run(runtime: Runtime, request: Request): Promise<unknown[]>
}

const DEFAULT_STEPS = 5
const DEFAULT_PAGING_STEPS = 8

const BENCHMARKS: Record<string, Benchmark> = {
  step: {
    usage: 'step [shape …] [--steps N]',
    shapes: Object.keys(SHAPES),
    defaults: DEFAULT_SHAPES,
    options: ['steps'],
    run: (runtime, { shapes, options }) =>
      inTurn(shapes, (name) =>
        timeSteps(runtime, name, SHAPES[name], Math.max(1, Number(options.steps ?? DEFAULT_STEPS))),
      ),
  },
  paging: {
    usage: 'paging [shape …] [--steps N]',
    shapes: Object.keys(SHAPES),
    defaults: ['studio-tiny-3m-rank-64'],
    options: ['steps'],
    run: (runtime, { shapes, options }) =>
      inTurn(
        shapes.flatMap((name) => pagingCases().map((paging) => ({ name, paging }))),
        ({ name, paging }) =>
          timePaging(runtime, name, SHAPES[name], {
            ...paging,
            steps: Math.max(1, Number(options.steps ?? DEFAULT_PAGING_STEPS)),
          }),
      ),
  },
  matmul: {
    usage: 'matmul [shape …] [--formats nf4,…] [--passes forward,…] [--against CHECKOUT]',
    shapes: Object.keys(PRODUCT_SHAPES),
    defaults: DEFAULT_PRODUCT_SHAPES,
    options: ['formats', 'passes', 'against'],
    async run(runtime, { shapes, options }) {
      const { formats, passes, against } = options
      const versions = [products, ...(against ? [await productsOf(against)] : [])]
      const chosen = productCases(shapes).filter(
        ({ format, pass }) =>
          (!formats || formats.split(',').includes(format)) && (!passes || passes.split(',').includes(pass)),
      )
      return inTurn(chosen, (product) => timeProduct(runtime, product, versions))
    },
  },
}

/** `step`, `paging` or `matmul`, shapes and options → JSON on standard output. */
export async function main(args: readonly string[]): Promise<void> {
  const benchmark = BENCHMARKS[args[0]]
  const request = benchmark && parse(benchmark, args.slice(1))
  if (!request) {
    const usages = Object.values(BENCHMARKS).map(
      ({ usage, shapes }) => `${usage}\n    shapes: ${shapes.join(', ')}`,
    )
    throw new Error(`usage: bench/run.mjs …\n  ${usages.join('\n  ')}`)
  }
  Object.assign(globalThis, globals)
  // Dawn lives as long as this object does.
  const gpu = create([])
  const runtime = await createRuntime(gpu)
  const results = await benchmark.run(runtime, request)
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

/** null where something is not understood. */
function parse({ shapes, defaults, options }: Benchmark, args: readonly string[]): Request | null {
  const request: Request = { shapes: [], options: {} }
  for (let i = 0; i < args.length; i++) {
    const option = args[i].startsWith('--') && args[i].slice(2)
    if (option) {
      if (!options.includes(option) || args[i + 1] === undefined) return null
      request.options[option] = args[++i]
    } else if (shapes.includes(args[i])) {
      request.shapes.push(args[i])
    } else return null
  }
  return request.shapes.length > 0 ? request : { ...request, shapes: [...defaults] }
}

async function inTurn<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<unknown[]> {
  const results = []
  for (const item of items) {
    const result = await run(item)
    console.error(JSON.stringify(result))
    results.push(result)
  }
  return results
}

/** The products as another checkout plans them. */
async function productsOf(checkout: string): Promise<typeof products> {
  const { module } = await runnerImport<typeof products>(resolve(checkout, 'bench/products.ts'))
  return module
}
