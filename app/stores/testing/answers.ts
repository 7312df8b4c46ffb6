import type { RunSummary } from '../../../src/session/events.ts'
import type { DatasetSummary, DeviceReport, ModelSummary, PlanReport } from '../../../src/session/reports.ts'
import type { Answers } from './scripted-engine.ts'

export const summary: RunSummary = {
  runId: 'run-1',
  steps: 2,
  stopped: false,
  firstLoss: 3,
  lastLoss: 1,
  evalLossBefore: null,
  evalLoss: null,
  supervisedTokens: 20,
  durationMs: 100,
  tokensPerSecond: 200,
  gpuBytes: 1000,
}

/** Answers of an engine with which everything goes well; of the reports only what the stores read. */
export const goodAnswers = (): Answers => ({
  'device/describe': () =>
    ({ device: { description: 'a GPU' }, uses: [] as string[] }) as unknown as DeviceReport,
  'device/verify': () => ({ passed: true, wrongKernels: [], checks: [], durationMs: 1 }),
  'model/open': ({ name }) => ({ name }) as ModelSummary,
  'dataset/open': ({ file }) => ({ name: file.name, rows: 50 }) as DatasetSummary,
  'run/quick-try': () => {
    throw new Error('no measurement in this test')
  },
  'run/plan': ({ config }) => ({ totalSteps: config.train.maxSteps }) as PlanReport,
  'run/start': (_, { onEvent }) => {
    onEvent?.({ type: 'run/finished', summary })
    return summary
  },
  'run/pause': () => {},
  'run/save': () => ({ step: 1 }),
  'checkpoint/collect': () => 0,
  'checkpoint/list': () => [],
  'checkpoint/delete': () => {},
  'run/resume': () => {},
  'run/stop': () => {},
})
