import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ByteSource, memorySource } from '../util/byte-source.ts'
import { openCheckpoint } from './checkpoint.ts'
import { linearModules, llamaTensorShapes } from './llama-weights.ts'
import { openSafetensors } from './safetensors.ts'
import { encodeSafetensors, type TensorToWrite } from './safetensors-writer.ts'

function folder(path: string): ByteSource[] {
  const url = new URL(`../../${path}/`, import.meta.url)
  return readdirSync(url, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => memorySource(name, new Uint8Array(readFileSync(new URL(name, url)))))
}

const named = (files: ByteSource[], name: string) => files.find((file) => file.name === name) as ByteSource

/** The folder with its weights changed. */
async function withTensors(
  files: ByteSource[],
  change: (tensors: TensorToWrite[]) => TensorToWrite[],
): Promise<ByteSource[]> {
  const { tensors } = await openSafetensors(named(files, 'model.safetensors'))
  const list = [...tensors.values()].map(({ name, dtype, shape, readBytes }) => ({
    name,
    dtype,
    shape,
    data: () => readBytes(),
  }))
  const weights = memorySource('model.safetensors', await encodeSafetensors(change(list)))
  return [named(files, 'config.json'), weights]
}

const renamed = (from: string, to: string) => (tensors: TensorToWrite[]) =>
  tensors.map((tensor) => (tensor.name === from ? { ...tensor, name: to } : tensor))

const problemsOf = (files: ByteSource[]) =>
  openCheckpoint(files).then(
    () => [],
    (error) => {
      expect(error.code).toBe('input/checkpoint')
      return error.problems.map(({ message }: { message: string }) => message)
    },
  )

const untied = folder('e2e/golden/tiny-llama')
const tied = folder('e2e/golden/tiny-llama-tied')

describe('a model folder', () => {
  it.each(['e2e/golden/tiny-llama', 'e2e/golden/tiny-llama-tied', 'public/models/studio-tiny-3m'])(
    '%s gives every tensor in the order of the forward pass',
    async (path) => {
      const { config, tensors, ignored, sizeBytes } = await openCheckpoint(folder(path))
      expect([...tensors.keys()]).toEqual([...llamaTensorShapes(config).keys()])
      expect(ignored).toEqual([])
      let bytes = 0
      for (const tensor of tensors.values()) bytes += tensor.sizeBytes
      expect(sizeBytes).toBe(bytes)
      expect(linearModules(config).size).toBe(7 * config.numLayers)
      const embedding = await tensors.get('model.embed_tokens.weight')?.readFloat32()
      expect(embedding?.length).toBe(config.vocabSize * config.hiddenSize)
      expect(embedding?.every(Number.isFinite)).toBe(true)
    },
  )

  it('may store either end of a tie', async () => {
    const swapped = await openCheckpoint(
      await withTensors(tied, renamed('model.embed_tokens.weight', 'lm_head.weight')),
    )
    const original = await openCheckpoint(tied)
    const embedding = (checkpoint: typeof original) =>
      checkpoint.tensors.get('model.embed_tokens.weight')?.readFloat32()
    expect(await embedding(swapped)).toEqual(await embedding(original))
    expect([...swapped.tensors.keys()]).toEqual([...original.tensors.keys()])
    expect(swapped.ignored).toEqual([])
  })

  it('may hold more than the model needs, which is listed', async () => {
    const extra: TensorToWrite = {
      name: 'model.rotary.inv_freq',
      dtype: 'F32',
      shape: [1],
      data: new Uint8Array(4),
    }
    const checkpoint = await openCheckpoint(await withTensors(untied, (tensors) => [...tensors, extra]))
    expect(checkpoint.ignored).toEqual(['model.rotary.inv_freq'])
  })

  it('may be cut into shards', async () => {
    const { tensors } = await openSafetensors(named(untied, 'model.safetensors'))
    const weightMap: Record<string, string> = {}
    const shards: TensorToWrite[][] = [[], []]
    for (const { name, dtype, shape, readBytes } of tensors.values()) {
      const shard = Object.keys(weightMap).length % 2
      weightMap[name] = `model-0000${shard + 1}-of-00002.safetensors`
      shards[shard].push({ name, dtype, shape, data: () => readBytes() })
    }
    const index = new TextEncoder().encode(JSON.stringify({ metadata: {}, weight_map: weightMap }))
    const files = [
      named(untied, 'config.json'),
      memorySource('model.safetensors.index.json', index),
      memorySource('model-00001-of-00002.safetensors', await encodeSafetensors(shards[0])),
      memorySource('model-00002-of-00002.safetensors', await encodeSafetensors(shards[1])),
    ]
    const checkpoint = await openCheckpoint(files)
    expect([...checkpoint.tensors.keys()]).toEqual([...(await openCheckpoint(untied)).tensors.keys()])
    expect(await problemsOf(files.slice(0, 3))).toEqual([
      'the shard model-00002-of-00002.safetensors is missing',
    ])
    files[3] = memorySource(files[3].name, await encodeSafetensors(shards[1].slice(1)))
    expect((await problemsOf(files))[0]).toContain(`lacks tensor "${shards[1][0].name}"`)
  })
})

describe('a model folder is refused', () => {
  it('without its config or its weights', async () => {
    expect(await problemsOf([])).toEqual([expect.stringMatching(/no config.json \(found no files\)/)])
    expect(await problemsOf([named(untied, 'config.json')])).toEqual([
      expect.stringMatching(/no model.safetensors/),
    ])
  })

  it('when tensors are missing, misshapen or not floats, all named at once', async () => {
    const files = await withTensors(untied, (tensors) =>
      tensors
        .filter(({ name }) => name !== 'model.layers.1.mlp.up_proj.weight')
        .map((tensor) => {
          if (tensor.name === 'model.norm.weight') return { ...tensor, shape: [8, 8] }
          if (tensor.name === 'lm_head.weight') return { ...tensor, dtype: 'I32' }
          return tensor
        }),
    )
    expect(await problemsOf(files)).toEqual([
      'tensor "model.layers.1.mlp.up_proj.weight" [172,64] is missing',
      'tensor "model.norm.weight" has shape [8,8], config.json asks for [64]',
      'tensor "lm_head.weight" is stored as I32, expected F32, F16, BF16',
    ])
  })

  it('when an untied model lacks its head', async () => {
    const files = await withTensors(untied, (tensors) =>
      tensors.filter(({ name }) => name !== 'lm_head.weight'),
    )
    expect(await problemsOf(files)).toEqual(['tensor "lm_head.weight" [256,64] is missing'])
  })
})
