import type { ZodError } from 'zod'
import { inputError, type Problem } from '../util/errors.ts'
import { type RunConfig, runConfigSchema } from './schema.ts'

type Issue = ZodError['issues'][number]

/**
 * A (partial) RunConfig made whole with defaults, or one `input/config` error that lists every problem at once.
 * `method` decides which parts count: lora and full ignore `quantization`.
 */
export function parseRunConfig(value: unknown): RunConfig {
  const parsed = runConfigSchema.safeParse(value === undefined ? {} : value)
  if (!parsed.success)
    throw inputError(
      'config',
      parsed.error.issues.flatMap((issue) => describe(issue, value)),
    )
  const problems = [...contradictions(parsed.data), ...unsupported(parsed.data)]
  if (problems.length > 0) throw inputError('config', problems)
  return parsed.data
}

function describe(issue: Issue, root: unknown): Problem[] {
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: path ? `${path}.${key}` : key,
      message: `Unknown setting "${path ? `${path}.` : ''}${key}"`,
      fix: 'Remove it or correct its spelling; docs/run-config.md lists every setting.',
    }))
  }
  const came = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    root,
  )
  const shown = came === undefined ? 'nothing' : JSON.stringify(came)
  if (!path)
    return [
      {
        message: `The run config must be a JSON object; ${shown} came`,
        fix: 'Write settings as {"method": "qlora", …}.',
      },
    ]
  return [
    {
      path,
      message: `Setting "${path}": ${issue.message}; ${shown} came`,
      fix: `Change "${path}" to a permitted value.`,
    },
  ]
}

/** Settings that are fine one by one and impossible together. */
function contradictions(config: RunConfig): Problem[] {
  const problems: Problem[] = []
  if (config.method === 'qlora' && config.quantization.type === 'none') {
    problems.push({
      path: 'quantization.type',
      message: 'Method "qlora" needs a quantized base, but quantization.type is "none"',
      fix: 'Choose "nf4" or "fp4", or method "lora" for an unquantized base.',
    })
  }
  if (config.method === 'full') problems.push(...adapterSettings(config.lora))
  problems.push(...columnsTwice(config.data.mapping))
  const { maxSteps } = config.train
  if (maxSteps > 0 && config.optimizer.warmupSteps > maxSteps) {
    problems.push({
      path: 'optimizer.warmupSteps',
      message: `optimizer.warmupSteps (${config.optimizer.warmupSteps}) is larger than train.maxSteps (${maxSteps})`,
      fix: 'Warm up for fewer steps than the run has.',
    })
  }
  const { gpuBudgetBytes, pageBytes } = config.optimizer.paging
  if (pageBytes !== null && pageBytes < LEAST_PAGE_BYTES) {
    problems.push({
      path: 'optimizer.paging.pageBytes',
      message: `optimizer.paging.pageBytes (${pageBytes}) is less than the ${LEAST_PAGE_BYTES} bytes of the smallest page`,
      fix: 'Leave it null, or choose a megabyte or more.',
    })
  } else if (pageBytes !== null && gpuBudgetBytes && 2 * pageBytes > gpuBudgetBytes) {
    problems.push({
      path: 'optimizer.paging.pageBytes',
      message: `optimizer.paging.pageBytes (${pageBytes}) does not fit twice into optimizer.paging.gpuBudgetBytes (${gpuBudgetBytes})`,
      fix: 'Leave it null, or choose at most half the GPU budget: one page updates while another moves.',
    })
  }
  return problems
}

/**
 * Settings of an adapter that would change what is learned, where there is none. Rank and strength alone say nothing:
 * they stand in every recipe.
 */
function adapterSettings({ dropout, targetModules, useDora }: RunConfig['lora']): Problem[] {
  const problems: Problem[] = []
  const refuse = (path: string, value: unknown, fix: string) =>
    problems.push({
      path,
      message: `Method "full" trains every weight and has no adapter, but ${path} is ${JSON.stringify(value)}`,
      fix: `${fix}, or choose method "lora" or "qlora".`,
    })
  if (dropout > 0) refuse('lora.dropout', dropout, 'Set it to 0')
  if (targetModules !== 'all-linear') refuse('lora.targetModules', targetModules, 'Set it to "all-linear"')
  if (useDora) refuse('lora.useDora', useDora, 'Set it to false')
  return problems
}

function columnsTwice(mapping: RunConfig['data']['mapping']): Problem[] {
  if (mapping?.shape !== 'pair') return []
  const columns = [
    ...mapping.prompt,
    mapping.answer,
    ...(mapping.system === undefined ? [] : [mapping.system]),
  ]
  return [...new Set(columns.filter((column, index) => columns.indexOf(column) < index))].map((column) => ({
    path: 'data.mapping',
    message: `data.mapping names the column "${column}" twice`,
    fix: 'Give every column one role: prompt, answer or system.',
  }))
}

/** 256 bytes of each moment, the least that a GPU binds apart. */
const LEAST_PAGE_BYTES = 512

/** Settings of the contract that this version does not do yet: refused by name, never silently ignored. */
function unsupported(config: RunConfig): Problem[] {
  const problems: Problem[] = []
  const refuse = (setting: string, value: unknown, fix: string) =>
    problems.push({
      path: setting,
      message: `Setting "${setting}" = ${JSON.stringify(value)} is not available in this version`,
      fix,
    })
  if (config.method === 'qlora') {
    const { type, rounding, calibration } = config.quantization
    if (type === 'int4' || type === 'int8') refuse('quantization.type', type, 'Use "nf4" or "fp4".')
    if (rounding !== 'nearest') refuse('quantization.rounding', rounding, 'Use "nearest", as QLoRA does.')
    if (calibration !== 'absmax')
      refuse('quantization.calibration', calibration, 'Use "absmax", as QLoRA does.')
  }
  if (config.lora.useDora && config.method !== 'full')
    refuse('lora.useDora', true, 'Use plain LoRA or "useRslora".')
  if (config.optimizer.type !== 'adamw') refuse('optimizer.type', config.optimizer.type, 'Use "adamw".')
  return problems
}
