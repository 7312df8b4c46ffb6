import { basename } from 'node:path'
import { DEFAULT_TRAITS } from '../graph/device.ts'
import { nodeTemplates } from '../host/node-templates.ts'
import { pathSource } from '../host/path-source.ts'
import { openModel } from '../session/open-model.ts'
import { planRun } from '../session/plan-run.ts'
import type { PlanReport } from '../session/reports.ts'
import type { CommandContext } from './command.ts'
import { deviceTraits } from './device-limits.ts'
import { readJson } from './input-files.ts'
import { findInputs } from './inputs.ts'
import { bytes, count } from './summaries.ts'

/** Prints the memory plan. Needs no GPU, so it runs in this process whatever the runtime. */
export async function run(context: CommandContext): Promise<void> {
  const { options, output } = context
  let traits = DEFAULT_TRAITS
  const { model, config } = await findInputs(context, () => {
    const file = options['device-limits']
    if (file !== undefined) traits = deviceTraits(readJson('device-limits', file))
  })
  const sources = await Promise.all(model.files.map((path) => pathSource(basename(path), path)))
  const report = planRun({ model: await openModel(model.name, sources, nodeTemplates()), config, traits })
  output.answer(report, describePlan(report))
}

function describePlan(report: PlanReport): string {
  const { bytes: byCategory, totalBytes, dispatches, verdicts, trainableParameters } = report
  const categories = Object.entries(byCategory).filter(([, size]) => size > 0)
  const lines = categories.map(([name, size]) => `${name.padEnd(12)} ${bytes(size).padStart(11)}`)
  lines.push(
    `${'total'.padEnd(12)} ${bytes(totalBytes).padStart(11)}`,
    `trainable    ${count(trainableParameters)} parameters`,
  )
  lines.push(
    `dispatches   ${byKindOfStage(dispatches)
      .map(([kind, number]) => `${kind} ${number}`)
      .join(', ')}`,
  )
  const exceeded = verdicts.filter(({ ok }) => !ok)
  for (const { limit, needed, available } of exceeded)
    lines.push(`exceeds ${limit}: ${needed} needed, ${available} available`)
  if (exceeded.length === 0) lines.push('fits every limit of the device')
  return lines.join('\n')
}

/** Weights and pages have a stage each; a line a kind is enough for a person. */
function byKindOfStage(dispatches: PlanReport['dispatches']): [kind: string, number: number][] {
  const kinds = new Map<string, number>()
  for (const [stage, number] of Object.entries(dispatches)) {
    const kind = stage.replace(/^(load|update\/page)\/.*/, '$1')
    kinds.set(kind, (kinds.get(kind) ?? 0) + number)
  }
  return [...kinds]
}
