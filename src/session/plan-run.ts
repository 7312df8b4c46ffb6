import type { RunConfig } from '../config/schema.ts'
import { linearModules } from '../formats/llama-weights.ts'
import { DEFAULT_TRAITS, type DeviceLimits, type DeviceTraits } from '../graph/device.ts'
import type { Plan } from '../graph/plan.ts'
import { bytesTogether, sumOfBytes } from '../graph/shared-buffers.ts'
import { baseStorage, type Program } from '../train/program.ts'
import { StudioError } from '../util/errors.ts'
import type { OpenedModel } from './open-model.ts'
import { programFor, runPlacement } from './prepare-run.ts'
import type { LimitVerdict, MomentsReport, PlanReport, SamplesReport } from './reports.ts'
import { type PlannedSamples, SAMPLE_TOKENS } from './samples.ts'

/** The plan of a run as a person reads it. */
export function reportPlan(
  program: Program,
  totalSteps: number | null,
  sequenceLengths: number[],
  limits: DeviceLimits = program.plan.traits.limits,
  samples?: PlannedSamples | null,
): PlanReport {
  const { plan, request, pool } = program
  const shapes = [...linearModules(request.model).values()]
  const linearParameters = shapes.reduce((sum, [out, inner]) => sum + out * inner, 0)
  const storedBytes = plan.bytes.base4bit + plan.bytes.scales
  return {
    ...runBytes(plan, samples),
    dispatches: plan.dispatches,
    verdicts: limitVerdicts(plan, limits),
    trainableParameters: pool?.trainableElements ?? 0,
    baseParameters: linearParameters,
    bitsPerParameter: baseStorage(request.config) ? (storedBytes * 8) / linearParameters : null,
    totalSteps,
    sequenceLengths,
    moments: momentsReport(program),
    ...(samples !== undefined && { samples: samples && samplesReport(samples) }),
  }
}

/** What a run takes: its own plan, and that of its samples beside it. */
export function runBytes(
  plan: Plan,
  samples: PlannedSamples | null | undefined,
): Pick<PlanReport, 'bytes' | 'totalBytes'> {
  const bytes = samples ? bytesTogether(plan.bytes, samples.bytes) : plan.bytes
  return { bytes, totalBytes: sumOfBytes(bytes) }
}

function samplesReport({ prompts, bytes }: PlannedSamples): SamplesReport {
  return {
    prompts: prompts.map(({ prompt: { text, row, heldOut } }) => ({ text, row, heldOut })),
    totalBytes: sumOfBytes(bytes),
    maxTokens: SAMPLE_TOKENS,
  }
}

function momentsReport({ pool, pages: layout }: Program): MomentsReport | null {
  if (!pool) return null
  const homes = (home: 'host' | 'store') => layout?.pages.filter((page) => page.home === home).length ?? 0
  return {
    totalBytes: pool.elements * 8,
    pages: layout && {
      count: layout.pages.length,
      pageBytes: layout.pageBytes,
      gpuBytes: layout.slots.reduce((sum, bytes) => sum + bytes, 0),
      host: homes('host'),
      store: homes('store'),
    },
  }
}

/** The plan of a run on `model` without data or GPU: every sequence maxSeqLength long. */
export function planRun({
  model,
  config,
  traits = DEFAULT_TRAITS,
}: {
  model: OpenedModel
  config: RunConfig
  traits?: DeviceTraits
}): PlanReport {
  const length = config.data.maxSeqLength
  const batch = { batchSize: config.train.batchSize, sequenceLength: length }
  const evaluate = config.data.evalFraction > 0 ? [batch] : []
  const planWith = (planned: DeviceLimits) =>
    programFor(model, config, runPlacement(config, null), { train: [batch], evaluate, logits: [] }, length, {
      ...traits,
      limits: planned,
    })
  const steps = config.train.maxSteps || null
  const { limits } = traits
  try {
    return reportPlan(planWith(limits), steps, [length])
  } catch (error) {
    if (!(error instanceof StudioError && error.code.startsWith('plan/'))) throw error
    // It does not fit: show by how much, from a plan that ignores the limits.
    return reportPlan(planWith({ ...limits, ...BOUNDLESS }), steps, [length], limits)
  }
}

const BOUNDLESS: Partial<DeviceLimits> = {
  maxBufferSize: Number.MAX_SAFE_INTEGER,
  maxStorageBufferBindingSize: Number.MAX_SAFE_INTEGER,
  maxStorageBuffersPerShaderStage: Number.MAX_SAFE_INTEGER,
  maxComputeWorkgroupsPerDimension: Number.MAX_SAFE_INTEGER,
}

function limitVerdicts({ buffers, kernels, stages }: Plan, limits: DeviceLimits): LimitVerdict[] {
  const dispatches = Object.values(stages).flatMap(({ commands }) =>
    commands.flatMap((command) => (command.kind === 'dispatch' ? [command] : [])),
  )
  const largest = (values: Iterable<number>) => {
    let most = 0
    for (const value of values) most = Math.max(most, value)
    return most
  }
  const verdict = (limit: keyof DeviceLimits, needed: number): LimitVerdict => ({
    limit,
    needed,
    available: limits[limit],
    ok: needed <= limits[limit],
  })
  return [
    verdict('maxBufferSize', largest(buffers.map(({ sizeBytes }) => sizeBytes))),
    verdict(
      'maxStorageBufferBindingSize',
      largest(dispatches.flatMap(({ bindings }) => bindings.map(({ sizeBytes }) => sizeBytes))),
    ),
    verdict('maxStorageBuffersPerShaderStage', largest(kernels.map(({ kernel }) => kernel.bindings.length))),
    verdict(
      'maxComputeWorkgroupsPerDimension',
      largest(dispatches.flatMap(({ workgroups }) => [...workgroups])),
    ),
    verdict(
      'maxComputeInvocationsPerWorkgroup',
      largest(
        kernels.map(
          ({ kernel }) => kernel.workgroupSize[0] * kernel.workgroupSize[1] * kernel.workgroupSize[2],
        ),
      ),
    ),
  ]
}
