import type { Script } from './script.ts'

export type Figures = ReturnType<typeof scriptedFigures>

/** The model, rows and numbers that a scripted engine tells of, all made up. Runs in the page: may use nothing from outside of itself. */
export function scriptedFigures(script: Script) {
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

  return {
    steps,
    layers,
    pace,
    sleep,
    modules,
    names,
    noise,
    bytes,
    totalBytes,
    tensor,
    tokenize,
    states,
    lengths,
  }
}
