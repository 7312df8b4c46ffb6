import { backward } from '../graph/backward.ts'
import type { DeviceTraits } from '../graph/device.ts'
import type { Runtime } from '../graph/executable.ts'
import { makePlan } from '../graph/make-plan.ts'
import type { BufferRange, Plan, PlannedCommand } from '../graph/plan.ts'
import { bufferTensor, elementCount, type Tensor } from '../graph/tensor.ts'
import { nmse } from '../reference/nmse.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { FENCE_BYTES, FencedGraph, fenced, SENTINEL } from './fenced-graph.ts'
import { kernelsBehind, kernelsBoundTo } from './kernels-behind.ts'
import { type DenseInput, type OpCase, type ReferenceResult, toleranceOf } from './op-case.ts'
import { asActivation, lossWithGradients } from './probe.ts'
import { decodeValues, encodeValues } from './tensor-bytes.ts'

/** How gradients of 'activation' inputs are received: in an activation that is written, or added to a parameter's. */
export type GradientRoute = 'written' | 'accumulated'

/** Normalised mean squared errors by output and by `d(input)`. */
export type Errors = Record<string, number>

/** What a comparison found of one thing. */
export interface Finding {
  /** An output, `d(input)`, a buffer that should not have changed, or a part of a larger check. */
  subject: string
  /** How far it is off; infinite for what should not have changed. */
  figure: number
  /** Largest figure that is right. */
  tolerance: number
  /** Null where it is right. */
  problem: string | null
  /** Names of the kernels that wrote it. */
  writers: readonly string[]
  /** And of all whose results went into it. */
  upstream: readonly string[]
}

/** A case, recorded and planned for a device. */
export interface PreparedCase {
  opCase: OpCase
  recorded: Recorded
  plan: Plan
}

/** Records the op, its backward and probes around them. */
export function prepareCase(
  opCase: OpCase,
  traits: DeviceTraits,
  route: GradientRoute = 'written',
): PreparedCase {
  const recorded = record(opCase, route)
  const plan = makePlan(
    { test: recorded.graph },
    traits,
    recorded.contents.map(({ tensor }) => tensor),
  )
  return { opCase, recorded, plan: bindingAsModels(clearingInsideFences(plan), opCase) }
}

/**
 * Runs a case on a GPU and compares everything with its reference. Before the run every byte of every buffer holds a
 * sentinel NaN, and each tensor is followed by a fence of them; after it, the fences and all inputs that the op does
 * not claim to update must be as they were.
 * @returns what was found of every output and gradient, and a finding for each place that should not have changed
 * @throws what the runtime throws: device/kernel where a kernel does not compile
 */
export async function measureOp(prepared: PreparedCase, runtime: Runtime): Promise<Finding[]> {
  return compare(prepared, await execute(prepared, runtime))
}

/** `measureOp`, for a test. @throws one Error that lists all that is wrong */
export async function checkOp(prepared: PreparedCase, runtime: Runtime): Promise<Errors> {
  const findings = await measureOp(prepared, runtime)
  const problems = findings.flatMap(({ problem }) => problem ?? [])
  if (problems.length > 0) throw new Error(`${prepared.opCase.name}: ${problems.join('; ')}`)
  return Object.fromEntries(findings.map(({ subject, figure }) => [subject, figure]))
}

/** A tensor with a buffer of its own and the bytes it holds before the run. */
export interface Content {
  tensor: Tensor
  bytes: Uint8Array<ArrayBuffer>
}

export interface Recorded {
  graph: FencedGraph
  contents: Content[]
  outputs: Record<string, Tensor>
  expected: ReferenceResult
  /** By input name. */
  parameterGradients: Map<string, Content>
}

function record(opCase: OpCase, route: GradientRoute): Recorded {
  const graph = new FencedGraph()
  const contents: Content[] = []
  const tensors: Record<string, Tensor> = {}
  const values: Record<string, Float64Array> = {}
  const parameterGradients = new Map<string, Content>()
  const place = (key: string, input: Pick<DenseInput, 'shape' | 'data' | 'format'>): Content => {
    const { shape, data, format = 'f32' } = input
    const content = {
      tensor: fenced(bufferTensor(key, shape, format, 'weights')),
      bytes: encodeValues(data, format),
    }
    contents.push(content)
    return content
  }

  for (const [name, input] of Object.entries(opCase.inputs)) {
    if ('bytes' in input) {
      contents.push({ tensor: fenced(input.tensor), bytes: input.bytes })
      tensors[name] = contents[contents.length - 1].tensor
      continue
    }
    const content = place(name, input)
    values[name] = decodeValues(content.bytes, content.tensor.format, elementCount(input.shape))
    tensors[name] = content.tensor
    if (!input.gradient) continue
    const held = place(`gradient of ${name}`, { shape: input.shape, data: [] })
    parameterGradients.set(name, held)
    content.tensor = { ...content.tensor, gradient: held.tensor }
    tensors[name] =
      input.gradient === 'activation' && route === 'written'
        ? asActivation(graph, content.tensor)
        : content.tensor
  }

  const outputs = opCase.build(graph, tensors)
  const outputGradients: Record<string, Float64Array> = {}
  if (parameterGradients.size > 0) {
    const pairs = gradientOutputs(opCase, outputs).map((name) => {
      const output = outputs[name]
      outputGradients[name] = uniformValues(elementCount(output.shape), 1234 + name.length)
      return {
        output,
        gradient: place(`gradient at ${name}`, { shape: output.shape, data: outputGradients[name] }).tensor,
      }
    })
    if (pairs.length > 0) lossWithGradients(graph, pairs)
    backward(graph, { gradientCheckpointing: false })
  }
  graph.exposeAll()
  const expected = opCase.reference(values, outputGradients)
  for (const [name, held] of parameterGradients) {
    const contribution = expected.gradients?.[name]
    if (!contribution) throw new Error(`${opCase.name}: the reference gives no gradient of ${name}`)
    held.bytes = encodeValues(valuesLike(contribution), 'f32')
  }
  return { graph, contents, outputs, expected, parameterGradients }
}

/** Random values of the same size: added to them, neither drowns the other's rounding. */
function valuesLike(values: ArrayLike<number>): Float64Array {
  const size = Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length)
  return uniformValues(values.length, 77).map((value) => value * size)
}

/** A cleared tensor's fence is not part of it. */
function clearingInsideFences(plan: Plan): Plan {
  const inside = (command: PlannedCommand): PlannedCommand =>
    command.kind === 'clear'
      ? { ...command, range: { ...command.range, sizeBytes: command.range.sizeBytes - FENCE_BYTES } }
      : command
  const stage = plan.stages.test
  return { ...plan, stages: { test: { ...stage, commands: stage.commands.map(inside) } } }
}

/**
 * Binds inputs that are activations as a model's arena is bound, read and write: the device compiles a kernel once, for
 * both routes and for the runs to come.
 */
function bindingAsModels(plan: Plan, { inputs }: OpCase): Plan {
  const activations = new Set(
    Object.entries(inputs).flatMap(([name, input]) =>
      !('bytes' in input) && (input.activation || input.gradient === 'activation') && plan.tensors[name]
        ? [plan.tensors[name].buffer]
        : [],
    ),
  )
  const access = plan.kernels.map((kernel) => [...kernel.access])
  for (const command of plan.stages.test.commands) {
    if (command.kind !== 'dispatch') continue
    for (const [i, { buffer }] of command.bindings.entries())
      if (activations.has(buffer)) access[command.kernel][i] = 'read_write'
  }
  return { ...plan, kernels: plan.kernels.map((kernel, i) => ({ ...kernel, access: access[i] })) }
}

const gradientOutputs = ({ gradientsAt }: OpCase, outputs: Record<string, Tensor>): readonly string[] =>
  gradientsAt ??
  Object.keys(outputs).filter(
    (name) => outputs[name].home.kind === 'activation' && outputs[name].format === 'f32',
  )

/** The bytes of every storage buffer after the run, by buffer index. */
async function execute(
  { opCase, recorded: { contents }, plan }: PreparedCase,
  runtime: Runtime,
): Promise<Map<number, Uint8Array<ArrayBuffer>>> {
  const executable = await runtime.realise(plan)
  try {
    const storage = plan.buffers.flatMap(({ usage, sizeBytes }, buffer) =>
      usage === 'storage' ? [{ buffer, offset: 0, sizeBytes }] : [],
    )
    for (const range of storage) executable.write(range, new Uint32Array(range.sizeBytes / 4).fill(SENTINEL))
    for (const { tensor, bytes } of contents) executable.write(plan.tensors[tensor.name], bytes)
    executable.setStep(opCase.step ?? {})
    executable.run('test')
    await executable.idle()
    const after = new Map<number, Uint8Array<ArrayBuffer>>()
    for (const range of storage) after.set(range.buffer, await executable.read(range))
    return after
  } finally {
    executable.destroy()
  }
}

function compare(
  { opCase, recorded, plan }: PreparedCase,
  after: Map<number, Uint8Array<ArrayBuffer>>,
): Finding[] {
  const { graph, contents, outputs, expected, parameterGradients } = recorded
  const findings: Finding[] = []
  const { commands } = plan.stages.test
  const bytesAt = ({ buffer, offset, sizeBytes }: BufferRange) =>
    (after.get(buffer) as Uint8Array<ArrayBuffer>).slice(offset, offset + sizeBytes)
  const rangeOf = (tensor: Tensor): BufferRange => {
    if (tensor.home.kind !== 'activation') return plan.tensors[tensor.name]
    const exposed = [...graph.exposed].find(([, candidate]) => candidate === tensor)
    if (!exposed) throw new Error(`${tensor.name} is not an output of any recorded node`)
    return plan.stages.test.exposed[exposed[0]]
  }
  const actualOf = (tensor: Tensor) =>
    decodeValues(bytesAt(rangeOf(tensor)), tensor.format, elementCount(tensor.shape))
  const judge = (subject: string, tensor: Tensor, actual: Float64Array, expected: ArrayLike<number>) => {
    const whole = tensor.format === 'u32' || tensor.format === 'i32'
    const figure = nmse(actual, expected)
    const tolerance = whole ? 0 : toleranceOf(opCase, subject)
    const worst = worstElement(actual, expected)
    findings.push({
      subject,
      figure,
      tolerance,
      problem:
        figure <= tolerance
          ? null
          : `${subject} has an NMSE of ${figure.toExponential(1)} (at most ${tolerance}); [${worst}] is ${actual[worst]}, expected ${expected[worst]}`,
      ...kernelsBehind(rangeOf(tensor), plan.kernels, commands),
    })
  }
  const damage = (tensor: Tensor, problem: string) => {
    const { writers, upstream } = kernelsBehind(rangeOf(tensor), plan.kernels, commands)
    // What nothing writes by right may have been written by whatever was bound to it.
    const suspects = writers.length > 0 ? writers : kernelsBoundTo(rangeOf(tensor), plan.kernels, commands)
    findings.push({
      subject: tensor.name,
      figure: Number.POSITIVE_INFINITY,
      tolerance: 0,
      problem,
      writers: suspects,
      upstream: [...new Set([...suspects, ...upstream])],
    })
  }

  for (const [name, tensor] of Object.entries(outputs))
    judge(name, tensor, actualOf(tensor), expected.outputs[name])
  for (const [name, { tensor, bytes }] of parameterGradients) {
    const held = decodeValues(bytes, 'f32', elementCount(tensor.shape))
    const actual = actualOf(tensor).map((value, i) => value - held[i])
    judge(`d(${name})`, tensor, actual, expected.gradients?.[name] ?? [])
  }

  const mayChange = new Set(
    [...Object.values(outputs), ...[...parameterGradients.values()].map(({ tensor }) => tensor)].map(
      ({ name }) => name,
    ),
  )
  for (const { tensor, bytes } of contents) {
    if (mayChange.has(tensor.name)) continue
    const changed = bytesAt(rangeOf(tensor))
      .subarray(0, bytes.length)
      .findIndex((byte, i) => byte !== bytes[i])
    if (changed >= 0) damage(tensor, `input ${tensor.name} was changed at byte ${changed}`)
  }
  for (const tensor of [...contents.map((content) => content.tensor), ...graph.exposed.values()]) {
    const bytes = bytesAt(rangeOf(tensor))
    const fence = new Uint32Array(bytes.slice(bytes.length - FENCE_BYTES).buffer)
    const broken = fence.findIndex((word) => word !== SENTINEL)
    if (broken >= 0)
      damage(tensor, `something was written ${broken * 4} bytes past the end of ${tensor.name}`)
  }
  return findings
}

function worstElement(actual: Float64Array, expected: ArrayLike<number>): number {
  let worst = 0
  let worstError = -1
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs(actual[i] - expected[i])
    if (!Number.isFinite(error)) return i
    if (error > worstError) {
      worst = i
      worstError = error
    }
  }
  return worst
}
