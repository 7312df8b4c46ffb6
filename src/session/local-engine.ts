import { parseRunConfig } from '../config/parse.ts'
import type { RunConfig } from '../config/schema.ts'
import type { TemplateRunner } from '../data/chat-template.ts'
import { linearModules } from '../formats/llama-weights.ts'
import { type PeftAdapter, readPeftAdapter } from '../formats/peft-adapter.ts'
import type { Runtime } from '../graph/executable.ts'
import type { PageStore } from '../optim/page-store.ts'
import { throwIfCancelled } from '../util/abort.ts'
import type { ByteSource } from '../util/byte-source.ts'
import { StudioError } from '../util/errors.ts'
import { verifyDevice } from '../verify/verify-device.ts'
import {
  collectOrphans,
  discardCheckpoint,
  listCheckpoints,
  needCheckpoint,
  type RunCheckpoint,
} from './checkpoints.ts'
import { onDevice, speakOnDevice } from './device-loss.ts'
import type { CommandArgs, CommandName, CommandOptions, CommandResult, Engine } from './engine.ts'
import type { RunEvent, RunSummary } from './events.ts'
import type { FileReference, StorageReference } from './files.ts'
import { evaluateModel, modelLogits } from './measure-model.ts'
import { describeDataset, type OpenedDataset, readDataset, runData } from './open-dataset.ts'
import { type OpenedModel, openModel } from './open-model.ts'
import { reportPlan } from './plan-run.ts'
import { Playground } from './playground.ts'
import { prepareRun } from './prepare-run.ts'
import { inspectModel, quantizeModel } from './quantize-model.ts'
import { quickTry } from './quick-try.ts'
import { RecoveringRun } from './recovering-run.ts'
import type { DeviceReport, PlanReport, VerificationCheck } from './reports.ts'
import { holdRun, noLocks, type RunLocks } from './run-locks.ts'
import { RunSession } from './run-session.ts'
import { planSamples, type SamplesArgs } from './samples.ts'

export interface EngineHost {
  /** The device; asked again after a loss. */
  runtime(): Promise<Runtime>
  resolveFile(file: FileReference): Promise<ByteSource>
  openStore(storage: StorageReference): Promise<PageStore>
  /** Keeps others from runs that are under way here. Default: nobody else can reach the storage. */
  runLocks?: RunLocks
  /** Runs chat templates where they cannot hold up the engine. */
  runTemplate: TemplateRunner
}

type Handlers = { [N in CommandName]: (args: CommandArgs<N>, work: Work) => Promise<CommandResult<N>> }

interface Work {
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

/** The engine itself: one model, one dataset and one run at a time. */
export function createLocalEngine(host: EngineHost): Engine {
  let model: OpenedModel | null = null
  let dataset: OpenedDataset | null = null
  let run: RecoveringRun | null = null
  /** From Start on; it becomes `run` when it has been prepared. */
  let starting: RecoveringRun | null = null
  let busy: CommandName | null = null
  const playground = new Playground()
  const { runLocks = noLocks } = host

  const resolveAll = (files: readonly FileReference[]) =>
    Promise.all(files.map((file) => host.resolveFile(file)))
  const needModel = () => model ?? missing('model', 'Open a model first.')
  const current = () => starting ?? run
  const needRun = () => current() ?? missing('run', 'Start a run first.')
  const anyRun = () => run ?? missing('run', 'Start a run first.')
  const needDataset = () => dataset ?? missing('dataset', 'Open a dataset first.')

  const openAdapter = async (files: FileReference[] | undefined): Promise<PeftAdapter | null> => {
    if (!files) return null
    return readPeftAdapter(await resolveAll(files), linearModules(needModel().checkpoint.config))
  }

  const prepare = async (
    config: RunConfig,
    adapter: PeftAdapter | null,
    runtime: Runtime,
    { onEvent, signal }: Work,
    from: RunCheckpoint | null = null,
    asked?: SamplesArgs,
  ) => {
    const data = await runData(needDataset(), needModel(), config, {
      signal,
      onProgress: rowProgress(onEvent),
    })
    const model = needModel()
    const { traits } = runtime
    const prepared = prepareRun(model, data, config, adapter?.config ?? null, traits, from?.position)
    const { program } = prepared
    const samples = asked && (await planSamples(asked, { model, prompts: data.prompts, program, traits }))
    return { prepared, samples }
  }

  const handlers: Handlers = {
    'device/describe': async (): Promise<DeviceReport> => {
      const { info, traits } = await host.runtime()
      // Kernels keep to what all devices have, so far; a step's parts are timed where that can be done.
      return { device: info, uses: traits.features.timestampQuery ? ['timestamp-query'] : [] }
    },
    'device/verify': async ({ golden }, { onEvent, signal }) => {
      const files = await resolveAll(golden)
      const onCheck = (check: VerificationCheck, done: number, total: number) =>
        onEvent({ type: 'verify/check', check, done, total })
      return onDevice(host.runtime, signal, (runtime) =>
        verifyDevice(runtime, { golden: files, onCheck, signal }),
      )
    },
    'model/open': async ({ name, files }) => {
      const opened = await openModel(name, await resolveAll(files), host.runTemplate)
      playground.forget()
      model = opened
      return opened.summary
    },
    'dataset/open': async (
      { file, evalFile, config, skipBadRows, requireSupervised },
      { onEvent, signal },
    ) => {
      const work = { signal, onProgress: rowProgress(onEvent), requireSupervised }
      const evaluation = evalFile ? await host.resolveFile(evalFile) : null
      const opened = await readDataset(await host.resolveFile(file), evaluation, skipBadRows ?? false, work)
      const report = await describeDataset(opened, needModel(), parseRunConfig(config), work)
      dataset = opened
      return report
    },
    'run/plan': async ({ config, samples: asked }, work): Promise<PlanReport> => {
      const runtime = await host.runtime()
      const { prepared, samples } = await prepare(parseRunConfig(config), null, runtime, work, null, asked)
      const { program, steps, sequenceLengths } = prepared
      return reportPlan(program, steps.totalSteps, sequenceLengths, runtime.traits.limits, samples)
    },
    'run/quick-try': async ({ targetSeconds, mapping }, work) => {
      const [model, dataset] = [needModel(), needDataset()]
      return onDevice(host.runtime, work.signal, (runtime) =>
        quickTry({ model, dataset, runtime, targetSeconds, mapping, ...work }),
      )
    },
    'run/start': async (
      { config: given, adapter: files, storage: reference, resume, samples: asked },
      { onEvent, signal },
    ): Promise<RunSummary> => {
      const config = parseRunConfig(given)
      let store: PageStore | undefined
      let adapter: PeftAdapter | null = null
      const next = new RecoveringRun({
        config,
        runtime: host.runtime,
        onEvent,
        signal,
        async open(start) {
          const { runtime, from } = start
          const work = { onEvent: start.onEvent, signal: start.ending }
          const { prepared, samples } = await prepare(config, adapter, runtime, work, from, asked)
          throwIfCancelled(start.ending, 'The run was ended while it was prepared')
          playground.forget()
          if (run !== next) run?.dispose()
          run = next
          const storage = store && { store, from }
          return new RunSession({ ...start, model: needModel(), prepared, samples, adapter, storage, signal })
        },
      })
      starting = next
      let release = () => {}
      try {
        store = reference && (await host.openStore(reference))
        const from = store && resume ? await needCheckpoint(store, resume.runId) : null
        adapter = await openAdapter(files)
        const runId = from?.run ?? crypto.randomUUID()
        if (store) release = await holdRun(runLocks, runId)
        return await next.run({ runId, storage: store && { store, from } })
      } finally {
        starting = null
        release()
      }
    },
    'run/pause': async () => current()?.pause(),
    'run/resume': async () => {
      await playground.settled()
      current()?.resume()
    },
    'run/stop': async () => current()?.stop(),
    'data/rows-of-step': async ({ step }) => needRun().rowsOf(step),
    'run/save': async () => needRun().save(),
    'checkpoint/list': async ({ storage }) => listCheckpoints(await host.openStore(storage), runLocks),
    'checkpoint/delete': async ({ storage, runId }) =>
      discardCheckpoint(await host.openStore(storage), runId, runLocks),
    'checkpoint/collect': async ({ storage }) => collectOrphans(await host.openStore(storage), runLocks),
    'run/export': async () => (await anyRun().exportStep()).files,
    'run/export-step': async () => anyRun().exportStep(),
    'model/evaluate': async ({ config: given, adapter: files }, work) => {
      const [model, dataset, config] = [needModel(), needDataset(), parseRunConfig(given)]
      const adapter = await openAdapter(files)
      return onDevice(host.runtime, work.signal, (runtime) =>
        evaluateModel({ model, dataset, config, adapter, runtime, ...work }),
      )
    },
    'model/logits': async ({ config: given, adapter: files }, work) => {
      const [model, dataset, config] = [needModel(), needDataset(), parseRunConfig(given)]
      const adapter = await openAdapter(files)
      return onDevice(host.runtime, work.signal, (runtime) =>
        modelLogits({ model, dataset, config, adapter, runtime, ...work }),
      )
    },
    'model/generate': async (args, work) => {
      const speak = async (onEvent: Work['onEvent']) => {
        if (args.adapter === 'run') await run?.onDevice()
        return playground.generate({
          args,
          model: needModel(),
          config: parseRunConfig(args.config ?? run?.config),
          openAdapter: () => openAdapter(args.adapter === 'run' ? undefined : args.adapter),
          live: run?.loaded ?? null,
          runtime: host.runtime,
          ...work,
          onEvent,
        })
      }
      return speakOnDevice(host.runtime, work, speak)
    },
    'model/quantize': async ({ config: given }, work) => {
      const [model, config] = [needModel(), parseRunConfig(given)]
      return onDevice(host.runtime, work.signal, (runtime) =>
        quantizeModel({ model, config, runtime, ...work }),
      )
    },
    'model/inspect': async ({ config: given }, work) => {
      const [model, config] = [needModel(), parseRunConfig(given)]
      return onDevice(host.runtime, work.signal, (runtime) =>
        inspectModel({ model, config, runtime, ...work }),
      )
    },
  }

  return {
    async execute<N extends CommandName>(
      name: N,
      args: CommandArgs<N>,
      options: CommandOptions = {},
    ): Promise<CommandResult<N>> {
      const isText = name === 'model/generate'
      const concurrent = CONTROLS.has(name)
      const obstacle = isText
        ? run?.isHeld
          ? null
          : busy
        : (busy ?? (playground.isSpeaking ? 'model/generate' : null))
      if (!concurrent && obstacle) {
        throw new StudioError('engine/busy', `${name} has to wait: ${obstacle} is still under way`, {
          hint: isText ? 'Pause the run, or wait for it.' : 'Stop the run, or wait for it.',
        })
      }
      const isBusy = !concurrent && !isText
      if (isBusy) busy = name
      try {
        return await handlers[name](args, { onEvent: options.onEvent ?? (() => {}), signal: options.signal })
      } finally {
        if (isBusy) busy = null
      }
    },
  }
}

/** Commands that may come while another is under way. */
const CONTROLS: ReadonlySet<CommandName> = new Set([
  'device/describe',
  'run/pause',
  'run/resume',
  'run/stop',
  'run/save',
  'run/export',
  'run/export-step',
  'data/rows-of-step',
  'checkpoint/list',
  'checkpoint/delete',
  'checkpoint/collect',
])

function missing(what: string, hint: string): never {
  throw new StudioError(`input/no-${what}`, `There is no ${what} yet`, { hint })
}

const rowProgress = (onEvent: (event: RunEvent) => void) => (done: number, total: number) =>
  onEvent({ type: 'task/progress', task: 'dataset', done, total, unit: 'rows' })
