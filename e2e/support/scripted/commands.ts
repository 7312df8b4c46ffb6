import type { Figures } from './figures.ts'
import type { Emit } from './run.ts'
import type { Script } from './script.ts'

/** What commands tell one another. */
export interface Control {
  run: 'run' | 'pause' | 'stop'
  /** The run's last step. */
  step: number
  textCancelled: boolean
  inspectionCancelled: boolean
  lastConfig: Record<string, unknown>
}

/** What a scripted engine answers to each command. Runs in the page: may use nothing from outside of itself. */
export function scriptedCommands(
  script: Script,
  figures: Figures,
  control: Control,
  run: (emit: Emit) => Promise<unknown>,
) {
  const { steps, layers, pace, sleep, names, noise, bytes, totalBytes, tensor, tokenize, states, lengths } =
    figures
  const commands: Record<string, (args: never, emit: Emit) => unknown> = {
    'device/describe': () => ({
      device: {
        vendor: 'nvidia',
        architecture: 'ampere',
        device: '',
        description: 'NVIDIA GeForce RTX 3060 Laptop GPU',
        features: [
          'shader-f16',
          'subgroups',
          'timestamp-query',
          'depth-clip-control',
          'float32-filterable',
          'indirect-first-instance',
          'rg11b10ufloat-renderable',
          'texture-compression-bc',
        ],
        limits: {
          maxBufferSize: 4_294_967_292,
          maxStorageBufferBindingSize: 2_147_483_644,
          maxUniformBufferBindingSize: 65_536,
          maxStorageBuffersPerShaderStage: 10,
          maxComputeWorkgroupsPerDimension: 65_535,
          maxComputeInvocationsPerWorkgroup: 1024,
          maxComputeWorkgroupStorageSize: 49_152,
          maxComputeWorkgroupSizeX: 1024,
          maxComputeWorkgroupSizeY: 1024,
          maxComputeWorkgroupSizeZ: 64,
          minStorageBufferOffsetAlignment: 256,
          minUniformBufferOffsetAlignment: 256,
        },
        software: false,
      },
      uses: ['shader-f16', 'subgroups', 'timestamp-query'],
    }),
    'device/verify': async (_: never, emit) => {
      const wrong = script.wrongKernel
      const checks = ['residual 5×64', 'swiglu 5×64', 'linear nf4-64-nested, 35 × 72 → 40'].map((name) => ({
        name,
        kind: 'op',
        kernels: [`${name.split(' ')[0]}_forward.vec4`, `${name.split(' ')[0]}_backward.vec4`],
        figure: wrong?.startsWith(name.split(' ')[0]) ? 3.2e-8 : 4e-15,
        tolerance: 1e-11,
        passed: !wrong?.startsWith(name.split(' ')[0]),
        problem: wrong?.startsWith(name.split(' ')[0]) ? 'd(up) has an NMSE of 3.2e-8 (at most 1e-11)' : null,
        durationMs: 21,
      }))
      for (const [index, check] of checks.entries()) {
        await sleep(pace * 4)
        emit({ type: 'verify/check', check, done: index + 1, total: checks.length })
      }
      return { passed: !wrong, wrongKernels: wrong ? [wrong] : [], checks, durationMs: 74 }
    },
    'model/open': async ({ name }: { name: string }, emit) => {
      for (let done = 1; done <= 4; done++) {
        emit({
          type: 'task/progress',
          task: 'model',
          done: done * 1_575_618,
          total: 6_302_472,
          unit: 'bytes',
        })
        await sleep(pace)
      }
      return {
        name,
        architecture: 'LlamaForCausalLM',
        parameters: 3_148_224,
        quantizableParameters: 2_359_296,
        layers,
        hiddenSize: 192,
        intermediateSize: 512,
        heads: 6,
        kvHeads: 2,
        headDim: 32,
        vocabSize: 4096,
        contextLength: 512,
        tied: true,
        dtype: 'bfloat16',
        sizeBytes: 6_302_472,
        nf4Bytes: 2_795_000,
        tokenizer: { vocabSize: 4096, chatTemplate: 'model' },
        ignoredTensors: [],
      }
    },
    'dataset/open': async (
      {
        file,
        config,
        skipBadRows,
      }: { file: { name: string }; config: Record<string, unknown>; skipBadRows?: boolean },
      emit,
    ) => {
      control.lastConfig = config
      emit({ type: 'task/progress', task: 'dataset', done: 25, total: 50, unit: 'rows' })
      await sleep(pace)
      const bad = script.badRows ?? 0
      return {
        name: file.name,
        fileFormat: 'jsonl',
        format: 'instruction/output',
        mapping: [
          { role: 'prompt', columns: ['instruction'] },
          { role: 'answer', columns: ['output'] },
        ],
        columnMapping: { shape: 'pair', prompt: ['instruction'], answer: 'output' },
        columns: ['instruction', 'output'],
        unusedColumns: [],
        rows: 50,
        badRows: Array.from({ length: bad }, (_, index) => ({
          row: 3 + index * 4,
          message: index % 2 === 0 ? 'row has no "output"' : 'row is not valid JSON: unexpected end of line',
          fix: index % 2 === 0 ? 'Give it an answer to learn.' : 'Close the object with }.',
        })),
        duplicates: script.duplicates ?? [],
        truncatedRows: skipBadRows ? 0 : 2,
        supervisedTokens: 612,
        totalTokens: 1348,
        longestTokens: 37,
        evalRows: 0,
        sequences: 50,
        histogram: lengths.map(([from, count]) => ({ from, to: from + 2, count })),
        lengthCounts: lengths.map(([from, count]) => [from + 1, count]),
        preview: states.map(([state, capital], index) => ({
          row: index + 1,
          fullLength: 24,
          tokens: tokenize(`What is the capital of ${state}?`, `The capital of ${state} is ${capital}.`),
        })),
      }
    },
    'run/quick-try': async (_: never, emit) => {
      for (let done = 0; done < 3; done++) {
        emit({ type: 'task/progress', task: 'measure', done, total: 3, unit: 'steps' })
        await sleep(pace * 4)
      }
      const config = control.lastConfig as {
        train: Record<string, unknown>
        data: Record<string, unknown>
      }
      return {
        config: {
          ...config,
          train: { ...config.train, maxSteps: steps, batchSize: 16 },
          data: { ...config.data, maxSeqLength: 32 },
        },
        tokensPerSecond: 3184.2,
        estimatedSeconds: 116,
        measuredMs: 900,
      }
    },
    'run/plan': async ({ config }: { config: { lora: { rank: number }; train: { maxSteps: number } } }) => {
      control.lastConfig = config as never
      await sleep(pace * 4)
      return {
        bytes,
        totalBytes,
        dispatches: { microBatch: 412, update: 9 },
        verdicts: [
          { limit: 'maxBufferSize', needed: 14_300_000, available: 4_294_967_292, ok: true },
          { limit: 'maxStorageBufferBindingSize', needed: 14_300_000, available: 2_147_483_644, ok: true },
        ],
        trainableParameters: 172_032,
        baseParameters: 3_148_224,
        bitsPerParameter: 4.1269,
        totalSteps: config.train.maxSteps || 120,
        sequenceLengths: [32],
        moments: { totalBytes: 1_376_256, pages: null },
        samples: {
          prompts: [1, 2, 3].map((row) => ({
            text: `What is the capital of ${states[row - 1][0]}?`,
            row,
            heldOut: row < 3,
          })),
          totalBytes: 402_000,
          maxTokens: 48,
        },
      }
    },
    'run/start': (_: never, emit) => run(emit),
    'run/save': () => ({ step: 1 }),
    'data/rows-of-step': ({ step }: { step: number }) => ({
      step,
      epoch: Math.floor((step - 1) / 3),
      microBatches: 1,
      sequences: 2,
      rowCount: 2,
      rows: [step, step + 1].map((row) => {
        const [state, capital] = states[row % states.length]
        const tokens = tokenize(`What is the capital of ${state}?`, `The capital of ${state} is ${capital}.`)
        return { row, sequence: row - step + 1, fullLength: tokens.length, tokens }
      }),
    }),
    'checkpoint/collect': () => 0,
    'checkpoint/list': () =>
      (script.saved ?? []).map((each, index) => ({
        ...each,
        totalSteps: 150,
        savedAt: Date.UTC(2026, 0, 5, 14, 32 - index),
        config: { ...control.lastConfig },
        summary: { lastLoss: 0.42 },
        sizeBytes: 2_150_000,
        inUse: false,
      })),
    'checkpoint/delete': ({ runId }: { runId: string }) => {
      script.saved = script.saved?.filter((each) => each.runId !== runId)
    },
    'run/pause': () => {
      control.run = 'pause'
    },
    'run/resume': () => {
      control.run = 'run'
    },
    'run/stop': () => {
      control.run = 'stop'
    },
    'run/export': () => [
      { path: 'adapter_model.safetensors', bytes: new Uint8Array(64) },
      { path: 'adapter_config.json', bytes: new TextEncoder().encode('{"r": 8}') },
    ],
    'run/export-step': () => ({
      step: control.step,
      files: [
        { path: 'adapter_model.safetensors', bytes: new Uint8Array(64) },
        { path: 'adapter_config.json', bytes: new TextEncoder().encode(`{"r": 8, "step": ${control.step}}`) },
      ],
    }),
    'model/generate': async (
      args: { messages?: { content: string }[]; prompt?: string; adapter?: unknown; strength?: number },
      emit,
    ) => {
      control.textCancelled = false
      const question = args.messages?.at(-1)?.content ?? args.prompt ?? ''
      const [state, capital] = states.find(([name]) => question.includes(name)) ?? ['Texas', 'Austin']
      const config = Array.isArray(args.adapter)
        ? (args.adapter as { name: string; blob: Blob }[]).find(({ name }) => name === 'adapter_config.json')
        : undefined
      const { step = steps } = JSON.parse((await config?.blob.text()) ?? '{}') as { step?: number }
      const learned = args.adapter !== undefined && (args.strength ?? 1) > 0.4 && step > steps / 2
      const text = learned
        ? `The capital of ${state} is ${capital}.`
        : `The capital of ${state} is a small town in the north of the country, where the people like to sing and to look at the sea.`
      const words = text.match(/ ?[^ ]+/g) ?? []
      await sleep(pace * 10)
      for (const [index, word] of words.entries()) {
        while (script.holdTextAt === index && !control.textCancelled) await sleep(20)
        if (control.textCancelled)
          throw { name: 'StudioError', code: 'cancelled', message: 'The text was cancelled' }
        const probability = learned ? 0.9 + 0.099 * noise(index) : 0.1 + 0.8 * noise(index * 3)
        emit({ type: 'generate/token', tokenId: 400 + word.length * 7 + index, text: word, probability })
        await sleep(pace)
      }
      return {
        text,
        tokenIds: words.map((_, index) => index),
        finishReason: 'stop',
        prompt: args.prompt ?? `<|endoftext|><|user|>${question}<|end|><|assistant|>`,
        promptTokens: 14,
        tokensPerSecond: 87.3,
        promptTokensPerSecond: 940,
      }
    },
    'model/inspect': async (_: never, emit) => {
      control.inspectionCancelled = false
      for (const [index, name] of names.entries()) {
        while (script.holdInspectionAt === index) {
          if (control.inspectionCancelled)
            throw { name: 'StudioError', code: 'cancelled', message: 'Cancelled' }
          await sleep(20)
        }
        emit({
          type: 'run/progress',
          phase: 'quantizing',
          done: index + 1,
          total: names.length,
          unit: 'tensors',
        })
        emit({ type: 'quant/tensor', tensor: tensor(name, index) })
        await sleep(pace)
      }
      return names.map(tensor)
    },
  }

  return commands
}
