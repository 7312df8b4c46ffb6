import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linearModules } from '../formats/llama-weights.ts'
import { readPeftAdapter } from '../formats/peft-adapter.ts'
import { watchGpu } from '../gpu/testing/watch-gpu.ts'
import type { Runtime } from '../graph/executable.ts'
import { laneRuntime } from '../ops/testing/lane-runtime.ts'
import { goldenCase } from '../session/testing/golden-case.ts'
import { uniform } from '../util/random.ts'
import { type GenerateOptions, generateTokens } from './generate-tokens.ts'
import type { Voice } from './program.ts'
import { type Choice, chooseToken, GREEDY, rankAll, samplingNumber } from './sampler.ts'
import { type SpokenModel, speak, type WholeModel, whole } from './testing/spoken-model.ts'

const NEW_TOKENS = 6
const CAPACITY = 150

let runtime: Runtime
let spoken: SpokenModel
/** With the kernels for GPUs, whatever the lane's device is. */
let onGpuKernels: SpokenModel
let reference: WholeModel

beforeAll(async () => {
  runtime = await laneRuntime()
  const golden = await goldenCase('tiny-llama', 'lora')
  const adapter = await readPeftAdapter(golden.adapterFiles, linearModules(golden.model.checkpoint.config))
  spoken = await speak(golden.model, adapter, CAPACITY, runtime)
  onGpuKernels = await speak(golden.model, adapter, CAPACITY, runtime, { ...runtime.traits, software: false })
  reference = await whole(spoken, CAPACITY, runtime)
})

afterAll(() => {
  reference?.destroy()
  spoken?.executable.destroy()
  onGpuKernels?.executable.destroy()
})

const promptOf = (length: number) =>
  Array.from({ length }, (_, i) =>
    Math.floor(uniform(7, length, i) * spoken.model.checkpoint.config.vocabSize),
  )

async function collect(options: Partial<GenerateOptions> & Pick<GenerateOptions, 'promptIds'>) {
  const { program, executable } = spoken
  const tokens = generateTokens({
    program,
    executable,
    voice: 'base',
    sampling: GREEDY,
    stopIds: new Set(),
    maxNewTokens: NEW_TOKENS,
    ...options,
  })
  const choices: Choice[] = []
  for (;;) {
    const next = await tokens.next()
    if (next.done) return { choices, ids: choices.map(({ tokenId }) => tokenId), finishReason: next.value }
    choices.push(next.value)
  }
}

describe.each<Voice>(['base', 'tuned'])('greedy with the cache equals greedy without it: %s', (voice) => {
  // Around the borders of the chunks: 1, 8, 32, 128.
  it.each([1, 2, 4, 7, 8, 9, 17, 32, 33, 63, 65, 128, 131])('a prompt of %i tokens', async (length) => {
    const promptIds = promptOf(length)
    const { choices } = await collect({ promptIds, voice })
    expect(choices).toHaveLength(NEW_TOKENS)
    const ids = [...promptIds]
    for (const { tokenId, probability } of choices) {
      const expected = chooseToken(rankAll(await reference.nextLogits(ids, voice), 0), GREEDY, 0) as Choice
      expect(tokenId).toBe(expected.tokenId)
      expect(probability / expected.probability).toBeCloseTo(1, 5)
      ids.push(tokenId)
    }
  })
})

it.each<Voice>(['base', 'tuned'])('the kernels for GPUs say the same: %s', async (voice) => {
  for (const length of [1, 9, 33, 131]) {
    const promptIds = promptOf(length)
    const { choices } = await collect({ promptIds, voice })
    const { program, executable } = onGpuKernels
    const other = await collect({ promptIds, voice, program, executable })
    expect(other.ids).toEqual(choices.map(({ tokenId }) => tokenId))
    for (const [index, { probability }] of other.choices.entries()) {
      expect(probability / choices[index].probability).toBeCloseTo(1, 5)
    }
  }
})

it('the adapter is heard', async () => {
  const promptIds = promptOf(20)
  const [base, tuned] = [await collect({ promptIds }), await collect({ promptIds, voice: 'tuned' })]
  expect(tuned.choices.map(({ probability }) => probability)).not.toEqual(
    base.choices.map(({ probability }) => probability),
  )
})

it('sampling on the candidates of the GPU equals sampling on whole rows of logits', async () => {
  const promptIds = promptOf(12)
  for (const sampling of [
    { temperature: 0.8, topK: 5, topP: 1, seed: 1 },
    { temperature: 1.3, topK: 0, topP: 0.7, seed: 2 },
    // Wide open: many draws fall outside of the candidates and take the whole row.
    { temperature: 30, topK: 0, topP: 1, seed: 3 },
    { temperature: 30, topK: 200, topP: 0.99, seed: 4 },
  ]) {
    const { choices, ids } = await collect({ promptIds, sampling, maxNewTokens: 12 })
    const before = [...promptIds]
    for (const [index, { tokenId }] of choices.entries()) {
      const row = rankAll(await reference.nextLogits(before, 'base'), sampling.temperature)
      expect(tokenId).toBe(chooseToken(row, sampling, samplingNumber(sampling, index))?.tokenId)
      before.push(tokenId)
    }
    expect((await collect({ promptIds, sampling, maxNewTokens: 12 })).ids).toEqual(ids)
    expect(
      (await collect({ promptIds, sampling: { ...sampling, seed: 99 }, maxNewTokens: 12 })).ids,
    ).not.toEqual(ids)
  }
})

it('stops before a stop token', async () => {
  const promptIds = promptOf(5)
  const { ids } = await collect({ promptIds })
  const first = ids.indexOf(ids[3])
  const stopped = await collect({ promptIds, stopIds: new Set([ids[3]]) })
  expect(stopped).toMatchObject({ ids: ids.slice(0, first), finishReason: 'stop' })
})

it('stops where the cache is full', async () => {
  const { ids, finishReason } = await collect({ promptIds: promptOf(CAPACITY - 2), maxNewTokens: 50 })
  expect(finishReason).toBe('context')
  // Two more tokens fit into the cache, and what follows the last of them is known too.
  expect(ids).toHaveLength(3)
})

it('is cancelled between two tokens', async () => {
  const cancel = new AbortController()
  const { program, executable } = spoken
  const tokens = generateTokens({
    program,
    executable,
    voice: 'base',
    promptIds: [1],
    sampling: GREEDY,
    stopIds: new Set(),
    maxNewTokens: 50,
    signal: cancel.signal,
  })
  await tokens.next()
  cancel.abort()
  await expect(tokens.next()).rejects.toMatchObject({ code: 'cancelled' })
})

it('makes no GPU object on the way and maps only the ring', async () => {
  const { calls, restore } = watchGpu()
  try {
    await collect({ promptIds: promptOf(40) })
    expect(calls).toHaveLength(NEW_TOKENS)
    for (const call of calls) expect(call).toMatch(/^mapAsync ring\.\d$/)
  } finally {
    restore()
  }
})

it('a second plan on the same weights takes no memory for them, and leaves them alone when it goes', async () => {
  const { program, executable } = spoken
  const second = await runtime.realise(program.plan, { share: executable })
  const { weights, adapters, base4bit, scales } = program.plan.bytes
  expect(second.sharedBytes).toBe(weights + adapters + base4bit + scales)
  expect(second.sharedBytes).toBeGreaterThan(0)
  expect(second.allocatedBytes + second.sharedBytes).toBe(program.plan.totalBytes)
  expect(executable).toMatchObject({ allocatedBytes: program.plan.totalBytes, sharedBytes: 0 })
  const { ids } = await collect({ promptIds: [3, 1, 4] })
  second.destroy()
  expect((await collect({ promptIds: [3, 1, 4] })).ids).toEqual(ids)
})
