import type { Page } from '@playwright/test'

/** What the scripted engine does; every page state can be reached without a GPU. */
export interface Script {
  /** Steps of a run. */
  steps?: number
  /** Pause between the events of a run, in milliseconds. */
  paceMs?: number
  /** Steps between two pauses. */
  burst?: number
  /** The run stands still after this step, until it is stopped. */
  holdAt?: number
  /** From this step on the loss is NaN. */
  nanAt?: number
  /** The run fails after this step. */
  failAt?: number
  /** Commands that reject with this error. */
  reject?: Record<
    string,
    { code: string; message: string; hint?: string; problems?: { message: string; fix?: string }[] }
  >
  /** Commands that never answer. */
  hang?: string[]
  /** Rows of the dataset that cannot be used. */
  badRows?: number
  /** Rows of the dataset that say what an earlier one says. */
  duplicates?: { row: number; of: number }[]
  /** A text stands still after so many tokens, until it is stopped. */
  holdTextAt?: number
  /** The worker dies after this command. */
  crashOn?: string
  layers?: number
  /** The kernel that the device is found to compute wrongly. */
  wrongKernel?: string
  /** Measuring the quantization stands still after this many matrices. */
  holdInspectionAt?: number
  /** Checkpoints that the browser holds of earlier runs. */
  saved?: { runId: string; step: number; modelName: string }[]
  /** The GPU is lost after this step, and the run goes on from the step named. */
  loseDevice?: { at: number; resumesFrom: number; awayMs: number }
  /** A warning after this step. */
  warn?: { at: number; message: string }
  /** Pages of Adam's moments; without it nothing is paged. */
  pages?: { gpu: number; host: number; store: number }
}

/**
 * Puts a scripted engine in the place of the page's worker, before the page loads: the same messages
 * (src/session/protocol.ts), figures made up. For looking at and checking the page, never for what it computes.
 */
export async function scriptEngine(page: Page, script: Script = {}): Promise<void> {
  await page.addInitScript(install, script)
}

/** Runs in the page: may use nothing from outside of itself. */
function install(script: Script): void {
  const steps = script.steps ?? 60
  const layers = script.layers ?? 6
  const pace = script.paceMs ?? 5
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const modules = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
  const group = (module: string) =>
    module.endsWith('_proj') && 'qkvo'.includes(module[0]) ? 'self_attn' : 'mlp'
  const names = Array.from({ length: layers }, (_, layer) =>
    modules.map((module) => `model.layers.${layer}.${group(module)}.${module}.weight`),
  ).flat()
  const noise = (seed: number) => {
    const value = Math.sin(seed * 12.9898) * 43758.5453
    return value - Math.floor(value)
  }
  const nf4 = [
    -1, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.09105004, 0, 0.0795803, 0.1609302,
    0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1,
  ]
  const bytes = {
    base4bit: 1_106_000,
    scales: 35_200,
    weights: 1_592_000,
    adapters: 688_000,
    gradients: 688_000,
    optimizer: 1_376_000,
    activations: 14_300_000,
    workspace: 402_000,
    kvCache: 0,
    staging: 131_072,
  }
  const totalBytes = Object.values(bytes).reduce((sum, value) => sum + value, 0)
  const quickConfig = (config: Record<string, unknown>) => config
  let lastConfig: Record<string, unknown> = {}
  let control: 'run' | 'pause' | 'stop' = 'run'
  let textCancelled = false
  let inspectionCancelled = false
  let stepNow = 0

  const tensor = (name: string, index: number) => ({
    name,
    shape: name.includes('down')
      ? [192, 512]
      : name.includes('gate') || name.includes('up')
        ? [512, 192]
        : [192, 192],
    block: Math.floor(index / modules.length),
    mse: 1e-5,
    rmse: 0.0028 + 0.0016 * noise(index),
    mae: 0.0021,
    maxError: 0.019 + 0.01 * noise(index + 7),
    snrDb: 20.4 + noise(index + 3),
    bitsPerParam: 4.127,
    histogram: nf4.map((point, code) =>
      Math.round(
        (code === 0 || code === 15 ? 700 : 2300) *
          (1 + 0.25 * noise(code + index)) *
          Math.exp(-point * point * 0.2),
      ),
    ),
    codePoints: nf4,
  })

  const tokenize = (prompt: string, answer: string) => {
    const split = (text: string) => text.match(/ ?[^ ]{1,5}/g) ?? []
    let id = 300
    const plain = (text: string, trained: boolean) => ({
      id: id++,
      text,
      trained,
      special: false,
      endOfTurn: false,
    })
    const special = (text: string, number: number, trained = false, endOfTurn = false) => ({
      id: number,
      text,
      trained,
      special: true,
      endOfTurn,
    })
    return [
      special('<|endoftext|>', 0),
      special('<|user|>', 2),
      ...split(prompt).map((text) => plain(text, false)),
      special('<|end|>', 4),
      special('<|assistant|>', 3),
      ...split(answer).map((text) => plain(text, true)),
      special('<|end|>', 4, true, true),
    ]
  }
  const states = [
    ['Alabama', 'Montgomery'],
    ['Alaska', 'Juneau'],
    ['Arizona', 'Phoenix'],
    ['Arkansas', 'Little Rock'],
    ['California', 'Sacramento'],
    ['Colorado', 'Denver'],
  ]

  /** Where each bin of the length histogram begins, and rows in it. */
  const lengths = Array.from({ length: 10 }, (_, index) => [
    18 + index * 2,
    Math.max(1, Math.round(14 * Math.exp(-((index - 3.4) ** 2) / 6))),
  ])

  const pageCount = script.pages && script.pages.gpu + script.pages.host + script.pages.store
  /** As the pager tells it: pinned pages, then those that take turns; the last two of a step are still there. */
  const paging =
    script.pages && pageCount
      ? (step: number) => {
          const { gpu, host } = script.pages as { gpu: number; host: number }
          const streamed = pageCount - gpu
          const last = step % 2 === 0 ? gpu + 1 : pageCount - 1
          return {
            pageBytes: 65_536,
            residency: Array.from({ length: pageCount }, (_, index) =>
              index < gpu || index === last || index === last - 1
                ? 'gpu'
                : index < gpu + host
                  ? 'host'
                  : 'store',
            ),
            hits: step * (gpu + 2),
            hostMisses: step * host,
            storeMisses: step * (streamed - 2 - host),
            bytesToGpu: step * (streamed - 2) * 65_536,
            bytesFromGpu: step * (streamed - 2) * 65_536,
            bytesToStore: step * (streamed - host) * 65_536,
            bytesFromStore: step * (streamed - host - 2) * 65_536,
            hostBytes: (host + 4) * 65_536,
            peakHostBytes: (host + 6) * 65_536,
            stallMs: step * 1.7,
            degraded: false,
          }
        }
      : null

  type Emit = (event: Record<string, unknown>) => void
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
      lastConfig = config
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
      const config = quickConfig(lastConfig) as {
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
      lastConfig = config as never
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
    'run/start': async (_: never, emit) => {
      control = 'run'
      // Each run is another, also after a reload, and falls a little faster than the one before.
      const number = Number(sessionStorage.getItem('scripted-runs') ?? 0) + 1
      sessionStorage.setItem('scripted-runs', String(number))
      const runId = `scripted-${number}-${Math.random().toString(36).slice(2, 8)}`
      emit({
        type: 'run/started',
        runId,
        totalSteps: steps,
        plannedBytes: bytes,
        totalBytes,
        trainableParameters: 172_032,
        maxBufferBytes: 4_294_967_292,
      })
      /** On the run's own clock; while a text is written, its plan is there too. */
      const tellMemory = (atMs: number, during: string, share = 1, playground = 0) => {
        const own = Object.entries(bytes).map(([use, size]) => [use, share * size])
        const held = { ...Object.fromEntries(own), samples: 0, playground }
        emit({
          type: 'memory/gpu_bytes',
          atMs,
          during,
          bytes: held,
          totalBytes: share * totalBytes + playground,
        })
      }
      tellMemory(0, 'compiling', 0)
      for (let done = 0; done <= 40; done += 10) {
        emit({ type: 'run/progress', phase: 'compiling', done, total: 40, unit: 'kernels' })
        await sleep(pace)
      }
      emit({ type: 'memory/allocated', bytes: totalBytes })
      tellMemory(900, 'quantizing')
      for (const [index, name] of names.entries()) {
        emit({
          type: 'run/progress',
          phase: 'quantizing',
          done: index + 1,
          total: names.length,
          unit: 'tensors',
        })
        emit({ type: 'quant/tensor', tensor: tensor(name, index) })
        await sleep(pace / 3)
      }
      const samples = (step: number) =>
        emit({
          type: 'run/samples',
          step,
          durationMs: 310,
          answers: states.slice(0, 3).map(([state, capital], index) => ({
            prompt: `What is the capital of ${state}?`,
            expected: `The capital of ${state} is ${capital}.`,
            row: index + 1,
            heldOut: index < 2,
            text:
              step > steps / 2 || (step > steps / 4 && index === 0)
                ? `The capital of ${state} is ${capital}.`
                : `The capital of ${state} is the ${['sea', 'hill', 'river'][(step + index) % 3]}`,
            finishReason: step > steps / 4 ? 'stop' : 'length',
          })),
        })
      samples(0)
      emit({ type: 'run/evaluated', step: 0, loss: 3.41, perplexity: 30.3, supervisedTokens: 61 })
      let lastLoss = 3.4
      stepNow = 0
      let stopped = false
      let done = 0
      for (let step = 1; step <= steps; step++) {
        if ((control as string) === 'pause') {
          emit({ type: 'run/paused', step: step - 1 })
          tellMemory(2000 + 138 * step, 'paused')
          tellMemory(3500 + 138 * step, 'paused', 1, 2_900_000)
          while ((control as string) === 'pause') await sleep(20)
          if ((control as string) !== 'stop') emit({ type: 'run/resumed', step: step - 1 })
        }
        if ((control as string) === 'stop') {
          stopped = true
          break
        }
        lastLoss =
          0.05 + 3.4 * Math.exp((-(4 + number) * step) / steps) * (1 + 0.35 * (noise(step * number) - 0.5))
        emit({
          type: 'run/step',
          totalSteps: steps,
          secondsLeft: (steps - step) * 1.9,
          step: {
            step,
            metrics: {
              'train/loss': script.nanAt && step >= script.nanAt ? Number.NaN : lastLoss,
              'train/supervised_tokens': 196,
              'train/epoch': step / 4,
              'optimizer/lr': 2e-3,
              'optimizer/grad_norm': 0.4 + 1.8 * Math.exp((-3 * step) / steps) + 0.3 * noise(step + 5),
              'speed/tokens_per_second': 3100 + 220 * (noise(step + 9) - 0.5),
              'speed/step_ms': 138,
              'speed/forward_ms': 40 + 8 * noise(step + 3),
              'speed/backward_ms': 66 + 14 * noise(step + 4),
              'speed/update_ms': 3,
              ...(script.pages && { 'speed/paging_ms': 8 * noise(step + 6) }),
              'speed/waiting_ms': 6 + 12 * noise(step + 7),
              'memory/gpu_bytes': totalBytes,
            },
          },
        })
        tellMemory(2000 + 138 * step, 'training')
        if (step % Math.max(4, Math.ceil(steps / 60)) === 0) {
          emit({
            type: 'quant/delta_ratio',
            step,
            ratios: names.map((name, index) => ({
              name: name.replace('.weight', ''),
              ratio: (0.35 + 0.12 * Math.floor(index / modules.length)) * (1 - Math.exp((-3 * step) / steps)),
            })),
          })
        }
        if (step % 20 === 0)
          emit({
            type: 'run/evaluated',
            step,
            loss: lastLoss * 1.2 + 0.1,
            perplexity: 3,
            supervisedTokens: 61,
          })
        done = stepNow = step
        if (paging) emit({ type: 'paging/state', step, paging: paging(step) })
        if (step % Math.ceil(steps / 10) === 0 || step === steps) samples(step)
        if (step % 10 === 0) emit({ type: 'run/checkpoint', step, sizeBytes: 2_150_000, durationMs: 9 })
        if (script.warn?.at === step) {
          const { message } = script.warn
          emit({ type: 'run/warning', code: 'paging/store-failed', message, fix: 'Free space on the disk.' })
        }
        if (script.loseDevice?.at === step) {
          const { resumesFrom, awayMs } = script.loseDevice
          script.loseDevice = undefined
          const message = 'The browser lost its hold of the GPU: the driver was reset'
          emit({ type: 'run/device-lost', step, resumesFrom, message })
          await sleep(awayMs)
          emit({
            type: 'run/started',
            runId,
            totalSteps: steps,
            plannedBytes: bytes,
            totalBytes,
            trainableParameters: 172_032,
            resumedFrom: resumesFrom,
          })
          emit({ type: 'run/resumed', step: resumesFrom })
          step = resumesFrom
        }
        if (script.failAt === step) {
          throw {
            name: 'StudioError',
            code: 'device/lost',
            message: 'The GPU was lost (unknown): the driver was reset',
            hint: 'Close other programs that use the graphics card and start again.',
            details: 'VK_ERROR_DEVICE_LOST',
          }
        }
        while (script.holdAt === step && control === 'run') await sleep(20)
        if (step % (script.burst ?? 1) === 0) await sleep(pace)
      }
      const summary = {
        runId,
        steps: done,
        stopped,
        firstLoss: 3.39,
        lastLoss,
        evalLossBefore: 3.41,
        evalLoss: 0.164,
        supervisedTokens: done * 196,
        durationMs: 114_200,
        tokensPerSecond: 3_121.7,
        gpuBytes: totalBytes,
      }
      emit({ type: 'run/finished', summary })
      return summary
    },
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
        config: { ...lastConfig },
        summary: { lastLoss: 0.42 },
        sizeBytes: 2_150_000,
        inUse: false,
      })),
    'checkpoint/delete': ({ runId }: { runId: string }) => {
      script.saved = script.saved?.filter((each) => each.runId !== runId)
    },
    'run/pause': () => {
      control = 'pause'
    },
    'run/resume': () => {
      control = 'run'
    },
    'run/stop': () => {
      control = 'stop'
    },
    'run/export': () => [
      { path: 'adapter_model.safetensors', bytes: new Uint8Array(64) },
      { path: 'adapter_config.json', bytes: new TextEncoder().encode('{"r": 8}') },
    ],
    'run/export-step': () => ({
      step: stepNow,
      files: [
        { path: 'adapter_model.safetensors', bytes: new Uint8Array(64) },
        { path: 'adapter_config.json', bytes: new TextEncoder().encode(`{"r": 8, "step": ${stepNow}}`) },
      ],
    }),
    'model/generate': async (
      args: { messages?: { content: string }[]; prompt?: string; adapter?: unknown; strength?: number },
      emit,
    ) => {
      textCancelled = false
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
        while (script.holdTextAt === index && !textCancelled) await sleep(20)
        if (textCancelled) throw { name: 'StudioError', code: 'cancelled', message: 'The text was cancelled' }
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
      inspectionCancelled = false
      for (const [index, name] of names.entries()) {
        while (script.holdInspectionAt === index) {
          if (inspectionCancelled) throw { name: 'StudioError', code: 'cancelled', message: 'Cancelled' }
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

  class ScriptedWorker extends EventTarget {
    postMessage(message: { type: string; id: number; name: string; args: never }) {
      if (message.type === 'execute') void this.answer(message)
      else textCancelled = inspectionCancelled = true
    }
    terminate() {}
    private send(data: unknown) {
      this.dispatchEvent(new MessageEvent('message', { data: structuredClone(data) }))
    }
    private async answer({ id, name, args }: { id: number; name: string; args: never }) {
      await sleep(1)
      if (script.hang?.includes(name)) return
      if (script.crashOn === name) {
        this.dispatchEvent(
          new ErrorEvent('error', {
            message: 'RuntimeError: memory access out of bounds',
            filename: 'worker.js',
            lineno: 1,
            colno: 7,
          }),
        )
        return
      }
      try {
        const refusal = script.reject?.[name]
        if (refusal) throw { name: 'StudioError', ...refusal }
        const result = await commands[name](args, (event) => this.send({ type: 'event', id, event }))
        this.send({ type: 'result', id, result })
      } catch (error) {
        this.send({ type: 'error', id, error })
      }
    }
  }
  Object.assign(window, { Worker: ScriptedWorker })
  // A page without WebGPU never asks for its engine: this one stands in for both.
  if (!('gpu' in navigator)) Object.defineProperty(navigator, 'gpu', { value: {} })
}
