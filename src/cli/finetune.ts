import { existsSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { BytesByCategory } from '../graph/tensor.ts'
import type { RunSummary } from '../session/events.ts'
import { inputError, StudioError } from '../util/errors.ts'
import type { CommandContext } from './command.ts'
import { adapterReferences, findInputs, openData, openModel } from './inputs.ts'
import { toJson } from './json.ts'
import { MetricsLog } from './metrics-log.ts'
import { checkFolder, hasFiles, makeFolder, writeWhole } from './output-files.ts'
import { progressListener } from './progress.ts'
import { runRecord } from './run-record.ts'
import type { OpenEngine } from './runtime.ts'
import { stopOnInterrupt } from './stop-on-interrupt.ts'
import { duration, short } from './summaries.ts'

/**
 * Trains, and writes what the run was and gave: run.json before the first step, metrics.jsonl as steps end, checkpoint/
 * while it trains, adapter/ (or after method full model/) and summary.json at the end. Files of an earlier run in the folder are replaced, others left
 * alone; --resume goes on with that run instead.
 */
export async function run(context: CommandContext): Promise<void> {
  const { options, switches, output, engines } = context
  const out = options.out ?? ''
  const resume = switches.has('resume')
  const inputs = await findInputs(context, () => {
    checkFolder('out', out)
    if (resume && !existsSync(join(out, CHECKPOINT))) throw noCheckpoint(out)
  })
  const folder = makeFolder('out', out)
  const checkpoint = join(folder, CHECKPOINT)
  if (!resume) rmSync(checkpoint, { recursive: true, force: true })
  if (hasFiles(folder) && !resume) output.note(`${out} holds files already: those of a run are replaced`)
  // A summary tells that its run has ended. One that cannot be gone on with stays as it is.
  const forgetEnd = () => rmSync(join(folder, 'summary.json'), { force: true })
  if (!resume) forgetEnd()

  const opened = await engines.open()
  const model = await openModel(opened, inputs, context)
  const data = await openData(opened, inputs, context)
  const device = await opened.engine.execute('device/describe', {})
  output.note(`device ${deviceName(device.device)} (${engines.runtime})`)
  const record = await runRecord(inputs, opened, engines.runtime, device)
  const writeRecord = () => writeWhole(join(folder, 'run.json'), `${toJson(record, 2)}\n`)
  if (!resume) await writeRecord()

  const result = inputs.config.method === 'full' ? 'model' : 'adapter'
  const metrics = new MetricsLog(join(folder, 'metrics.jsonl'), inputs.config.train.logEvery, { resume })
  const tell = progressListener(output)
  const interrupt = stopOnInterrupt(output, () => opened.engine.execute('run/stop', {}))
  let plannedBytes: BytesByCategory | null = null
  let summary: RunSummary
  try {
    summary = await opened.engine.execute(
      'run/start',
      {
        config: inputs.config,
        adapter: adapterReferences(opened, inputs),
        storage: opened.storage(checkpoint),
        ...(resume && { resume: { runId: null } }),
      },
      {
        onEvent(event) {
          if (event.type === 'run/started') {
            plannedBytes = event.plannedBytes
            forgetEnd()
          }
          metrics.take(event)
          tell(event)
        },
      },
    )
  } catch (error) {
    // Its updates were left out from where it went wrong: what was learnt before is worth keeping.
    if (error instanceof StudioError && error.code === 'run/diverged')
      await writeResult(opened, join(folder, result))
    throw error
  } finally {
    interrupt.cancel()
    metrics.close()
  }

  if (resume) await writeRecord()
  // Stopped before its first step, there is nothing to be written.
  const hasLearned = summary.steps > 0
  if (hasLearned) await writeResult(opened, join(folder, result))
  const document = {
    ...summary,
    plannedBytes,
    model: model.name,
    data: data.name,
    rows: data.rows,
    skippedRows: data.badRows.length,
  }
  await writeWhole(join(folder, 'summary.json'), `${toJson(document, 2)}\n`)
  output.answer(
    { ...document, out: folder },
    `${describeRun(summary)}${hasLearned ? `\n${result}: ${join(out, result)}` : ''}`,
  )
}

async function writeResult({ engine }: OpenEngine, folder: string): Promise<void> {
  const files = await engine.execute('run/export', {})
  if (files.length === 0) throw new StudioError('output/empty', 'The engine exported no file')
  for (const { path, bytes } of files) await writeWhole(join(folder, basename(path)), bytes)
}

/** Folder of the checkpoint in that of the run. */
const CHECKPOINT = 'checkpoint'

const noCheckpoint = (out: string) =>
  inputError('no-checkpoint', [
    {
      message: `--resume: ${join(out, CHECKPOINT)} is missing, so there is no run to go on with`,
      fix: 'Name the --out of a run that has kept a checkpoint (train.saveEvery), or leave --resume out.',
    },
  ])

const deviceName = ({
  description,
  device,
  architecture,
  vendor,
}: {
  description: string
  device: string
  architecture: string
  vendor: string
}) => description || device || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed'

function describeRun(summary: RunSummary): string {
  const { steps, stopped, firstLoss, lastLoss, evalLossBefore, evalLoss, durationMs, tokensPerSecond } =
    summary
  const heldOut =
    evalLoss === null
      ? ''
      : `; held-out loss ${evalLossBefore === null ? '' : `${short(evalLossBefore)} → `}${short(evalLoss)}`
  return (
    `${stopped ? 'stopped after' : 'trained'} ${steps} steps in ${duration(durationMs / 1000)} (${Math.round(tokensPerSecond)} tokens/s): ` +
    `loss ${short(firstLoss)} → ${short(lastLoss)}${heldOut}`
  )
}
