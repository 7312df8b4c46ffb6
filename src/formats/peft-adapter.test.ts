import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ByteSource, type FileSink, memorySource } from '../util/byte-source.ts'
import { StudioError } from '../util/errors.ts'
import { formatAdapterConfig, isTargetModule, parseAdapterConfig } from './adapter-config.ts'
import { linearModules } from './llama-weights.ts'
import { parseModelConfig } from './model-config.ts'
import { readPeftAdapter, writePeftAdapter } from './peft-adapter.ts'
import { openSafetensors } from './safetensors.ts'
import { encodeSafetensors, type TensorToWrite } from './safetensors-writer.ts'

const golden = new URL('../../e2e/golden/tiny-llama/', import.meta.url)
const modules = linearModules(parseModelConfig(readFileSync(new URL('config.json', golden), 'utf8')))

const files = (method: string): ByteSource[] =>
  ['adapter_config.json', 'adapter_model.safetensors'].map((name) =>
    memorySource(name, new Uint8Array(readFileSync(new URL(`${method}/adapter_init/${name}`, golden)))),
  )

/** A sink that keeps what it gets as sources. */
function memorySink(): FileSink & { files: ByteSource[] } {
  const files: ByteSource[] = []
  const write: FileSink['write'] = async (path, data) => {
    const pieces: number[] = []
    if (data instanceof Uint8Array) pieces.push(...data)
    else for await (const piece of data) pieces.push(...piece)
    files.push(memorySource(path.split('/').at(-1) ?? path, Uint8Array.from(pieces)))
  }
  return { files, write }
}

async function withTensors(change: (tensors: TensorToWrite[]) => TensorToWrite[], method = 'qlora') {
  const [config, weights] = files(method)
  const { tensors } = await openSafetensors(weights)
  const list = [...tensors.values()].map(({ name, dtype, shape, readBytes }) => ({
    name,
    dtype,
    shape,
    data: () => readBytes(),
  }))
  return [config, memorySource(weights.name, await encodeSafetensors(change(list)))]
}

const problemsOf = (sources: ByteSource[]) =>
  readPeftAdapter(sources, modules).then(
    () => [],
    (error) => {
      expect(error.code).toBe('input/adapter')
      return error.problems.map(({ message }: { message: string }) => message)
    },
  )

describe('a PEFT adapter', () => {
  it.each(['qlora', 'lora', 'qlora-rslora', 'qlora-dora'])('%s is read in full', async (method) => {
    const { config, modules: read } = await readPeftAdapter(files(method), modules)
    expect(config.useRslora).toBe(method === 'qlora-rslora')
    expect(config.useDora).toBe(method === 'qlora-dora')
    expect([...read.keys()]).toEqual([...modules.keys()])
    for (const [module, { loraA, loraB, magnitude }] of read) {
      const [out, inFeatures] = modules.get(module) ?? [0, 0]
      expect(loraA.length).toBe(config.rank * inFeatures)
      expect(loraB.length).toBe(out * config.rank)
      expect(magnitude?.length).toBe(config.useDora ? out : undefined)
    }
  })

  it.each(['qlora', 'qlora-rslora', 'qlora-dora'])(
    '%s survives being written, byte for byte every time',
    async (method) => {
      const adapter = await readPeftAdapter(files(method), modules)
      const [first, second] = [memorySink(), memorySink()]
      for (const sink of [first, second]) await writePeftAdapter(sink, 'adapter', adapter, modules)
      expect(await readPeftAdapter(first.files, modules)).toEqual(adapter)
      for (const [i, file] of first.files.entries()) {
        expect(await file.read(0, file.sizeBytes)).toEqual(await second.files[i].read(0, file.sizeBytes))
      }
      const original = await openSafetensors(files(method)[1])
      const written = await openSafetensors(first.files[1])
      expect(written.metadata).toEqual({ format: 'pt' })
      expect([...written.tensors.keys()].sort()).toEqual([...original.tensors.keys()].sort())
      for (const [key, tensor] of written.tensors) {
        expect(await tensor.readBytes()).toEqual(await original.tensors.get(key)?.readBytes())
      }
    },
  )

  it('may carry the adapter’s name in its keys', async () => {
    const renamed = await withTensors((tensors) =>
      tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace('.weight', '.default.weight') })),
    )
    expect(await readPeftAdapter(renamed, modules)).toEqual(await readPeftAdapter(files('qlora'), modules))
  })

  it('is refused when a file is missing', async () => {
    expect(await problemsOf(files('qlora').slice(1))).toEqual([
      'the adapter folder has no adapter_config.json',
    ])
    expect(await problemsOf(files('qlora').slice(0, 1))).toEqual([
      'the adapter folder has no adapter_model.safetensors',
    ])
  })

  it('is refused with every tensor that is missing, misshapen or out of place', async () => {
    const prefix = 'base_model.model.model.layers.'
    const broken = await withTensors((tensors) =>
      tensors
        .filter(({ name }) => name !== `${prefix}0.mlp.up_proj.lora_A.weight`)
        .map((tensor) => {
          if (tensor.name === `${prefix}1.self_attn.k_proj.lora_B.weight`)
            return { ...tensor, shape: [8, 32] }
          if (tensor.name === `${prefix}1.self_attn.v_proj.lora_B.weight`) return { ...tensor, dtype: 'I32' }
          if (tensor.name === `${prefix}1.mlp.down_proj.lora_B.weight`)
            return { ...tensor, name: `${prefix}7.mlp.down_proj.lora_B.weight` }
          return tensor
        }),
    )
    expect(await problemsOf(broken)).toEqual([
      `the adapter lacks "${prefix}0.mlp.up_proj.lora_A.weight" [8,64]`,
      `adapter tensor "${prefix}1.self_attn.k_proj.lora_B.weight" has shape [8,32], expected [32,8]`,
      `adapter tensor "${prefix}1.self_attn.v_proj.lora_B.weight" is stored as I32, expected F32, F16, BF16`,
      `the adapter lacks "${prefix}1.mlp.down_proj.lora_B.weight" [64,8]`,
      `adapter tensor "${prefix}7.mlp.down_proj.lora_B.weight" belongs to no target module of the base model`,
    ])
  })

  it('is refused when it belongs to another model', async () => {
    const config = new TextEncoder().encode(
      formatAdapterConfig({ ...parseAdapterConfig(PLAIN), targetModules: ['q_proj', 'c_attn'] }),
    )
    const problems = await problemsOf([memorySource('adapter_config.json', config), files('qlora')[1]])
    expect(problems).toContain('target module "c_attn" is no linear layer of the base model')
  })
})

const PLAIN = readFileSync(new URL('qlora/adapter_init/adapter_config.json', golden), 'utf8')

describe('adapter_config.json', () => {
  const refusal = (changes: Record<string, unknown>) => {
    try {
      parseAdapterConfig(JSON.stringify({ ...JSON.parse(PLAIN), ...changes }))
    } catch (error) {
      if (error instanceof StudioError && error.code === 'input/adapter') return error
      throw error
    }
    throw new Error('the config was accepted')
  }

  it('survives being written', () => {
    const config = parseAdapterConfig(PLAIN)
    expect(config).toMatchObject({ rank: 8, alpha: 16, dropout: 0, useRslora: false, useDora: false })
    expect(parseAdapterConfig(formatAdapterConfig(config))).toEqual(config)
    const everywhere = { ...config, targetModules: ['all-linear'] }
    expect(parseAdapterConfig(formatAdapterConfig(everywhere))).toEqual(everywhere)
  })

  it('may come from a newer PEFT with more fields', () => {
    const newer = {
      ...JSON.parse(PLAIN),
      auto_mapping: null,
      corda_config: null,
      eva_config: null,
      exclude_modules: null,
      layer_replication: null,
      layers_pattern: null,
      layers_to_transform: null,
      loftq_config: {},
      lora_bias: false,
      megatron_config: null,
      megatron_core: 'megatron.core',
      peft_version: '0.18.0',
      qalora_group_size: 16,
      revision: null,
      target_parameters: null,
      trainable_token_indices: null,
      use_qalora: false,
    }
    expect(parseAdapterConfig(JSON.stringify(newer))).toEqual(parseAdapterConfig(PLAIN))
  })

  it.each<[Record<string, unknown>, RegExp]>([
    [{ peft_type: 'IA3' }, /"peft_type" "IA3" is not supported/],
    [{ task_type: 'SEQ_CLS' }, /"task_type" "SEQ_CLS"/],
    [{ r: 0 }, /"r" must be an integer from 1/],
    [{ r: undefined }, /"r" is missing/],
    [{ lora_alpha: '16' }, /"lora_alpha" must be a number/],
    [{ lora_dropout: 1 }, /"lora_dropout" must be/],
    [{ target_modules: [] }, /"target_modules" must be a list/],
    [{ target_modules: '.*q_proj' }, /"target_modules" must be a list/],
    [{ bias: 'all' }, /"bias" "all" is not supported/],
    [{ fan_in_fan_out: true }, /"fan_in_fan_out" true/],
    [{ modules_to_save: ['lm_head'] }, /"modules_to_save" \["lm_head"\]/],
    [{ rank_pattern: { q_proj: 4 } }, /"rank_pattern"/],
    [{ alpha_pattern: { q_proj: 4 } }, /"alpha_pattern"/],
    [{ init_lora_weights: 'pissa' }, /"init_lora_weights" "pissa"/],
    [{ layers_to_transform: [0] }, /"layers_to_transform"/],
    [{ use_rslora: 1 }, /"use_rslora" must be true or false/],
    [{ something_new: 3 }, /"something_new" 3 is not supported/],
  ])('with %j is refused by name', (changes, message) => {
    expect(
      refusal(changes)
        .problems?.map((problem) => problem.message)
        .join('\n'),
    ).toMatch(message)
  })

  it('has all its problems reported at once', () => {
    expect(refusal({ r: -1, bias: 'all', peft_type: 'X' }).problems).toHaveLength(3)
  })

  it('names its targets by whole parts of a module’s name', () => {
    const module = 'model.layers.1.self_attn.q_proj'
    expect(isTargetModule(module, ['q_proj'])).toBe(true)
    expect(isTargetModule(module, ['self_attn.q_proj'])).toBe(true)
    expect(isTargetModule(module, ['all-linear'])).toBe(true)
    expect(isTargetModule(module, ['proj', 'attn.q_proj'])).toBe(false)
  })
})
