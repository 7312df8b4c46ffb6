import { join } from 'node:path'
import type { RunEvent } from '../session/events.ts'
import type { VerificationCheck, VerificationReport } from '../session/reports.ts'
import { StudioError } from '../util/errors.ts'
import type { CommandContext } from './command.ts'
import { studioRoot } from './studio-root.ts'
import { duration } from './summaries.ts'

/** What the checks compare with, under e2e/golden. */
const GOLDEN = [
  'nf4.json',
  'tiny-llama/config.json',
  'tiny-llama/model.safetensors',
  'tiny-llama/batches.json',
  'tiny-llama/qlora/expected.json',
  'tiny-llama/qlora/adapter_init/adapter_config.json',
  'tiny-llama/qlora/adapter_init/adapter_model.safetensors',
]

/** Prints whether the GPU computes what it should. @throws device/wrong, after the figures */
export async function run({ output, engines }: CommandContext): Promise<void> {
  const opened = await engines.open()
  const { device } = await opened.engine.execute('device/describe', {})
  output.note(`device ${device.description || `${device.vendor} ${device.architecture}`}`)
  const golden = GOLDEN.map((path) => opened.reference(join(studioRoot(), 'e2e', 'golden', path)))
  const onEvent = (event: RunEvent) => {
    if (event.type === 'verify/check') output.progress('verify', `checked ${event.done}/${event.total}`)
  }
  const report = await opened.engine.execute('device/verify', { golden }, { onEvent })
  output.answer({ device, ...report }, table(report))
  if (report.passed) return
  throw new StudioError('device/wrong', `this GPU computes wrongly: ${report.wrongKernels.join(', ')}`, {
    hint: 'update the graphics driver',
  })
}

function table({ passed, checks, durationMs }: VerificationReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const failed = checks.filter((check) => !check.passed).length
  return [
    ...checks.map((check) => `${check.name.padEnd(width)}  ${figures(check)}`),
    passed
      ? `all ${checks.length} checks passed in ${duration(durationMs / 1000)}`
      : `${failed} of ${checks.length} checks failed`,
  ].join('\n')
}

function figures({ kind, figure, tolerance, passed, problem }: VerificationCheck): string {
  if (problem !== null) return `WRONG: ${problem}`
  const verdict = passed ? 'ok' : 'WRONG'
  return kind === 'hashes'
    ? `${verdict}, identical`
    : `${verdict}, ${figure?.toExponential(1)} of ${tolerance}`
}
