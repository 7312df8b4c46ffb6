import { createStore } from 'zustand/vanilla'
import type {
  CommandArgs,
  CommandName,
  CommandOptions,
  CommandResult,
  Engine,
} from '../../src/session/engine.ts'
import type { RunEvent } from '../../src/session/events.ts'
import type { FileReference } from '../../src/session/files.ts'
import type { DeviceReport, VerificationCheck, VerificationReport } from '../../src/session/reports.ts'
import { unlessCancelled } from '../../src/util/abort.ts'
import { type ErrorData, errorToData, StudioError } from '../../src/util/errors.ts'
import type { Entries } from './history-entries.ts'

/** What is known of whether this GPU computes correctly. */
export interface VerificationState {
  /** unfinished: it could not be done, which says nothing of the GPU. */
  status: 'unknown' | 'running' | 'passed' | 'failed' | 'unfinished'
  /** Those that have ended, in that order; while it runs, of this run. */
  checks: readonly VerificationCheck[]
  /** Of how many; 0 before the first has ended. */
  total: number
  /** The fewest kernels that explain all that is wrong. */
  wrongKernels: readonly string[]
  durationMs: number | null
  /** When the verdict was reached, in milliseconds since 1970. */
  verifiedAt: number | null
  error: ErrorData | null
  /** Whether a run was asked for that did not begin because there is no verdict: the person decides what now. */
  heldBack: boolean
}

export interface VerificationOptions {
  /** Where verdicts are kept, one for each device, browser and build of the engine. */
  entries: Entries
  /** The browser and its version. */
  browser: string
  /** Changes with the engine's code. */
  build: string
  /** Files of the golden case (GOLDEN_FILES of src/verify). */
  golden: () => FileReference[]
  /** How long nothing else must have been asked of the engine before a new device is verified unasked. */
  idleMs?: number
}

interface Verdict {
  report: VerificationReport
  verifiedAt: number
}

const UNKNOWN: VerificationState = {
  status: 'unknown',
  checks: [],
  total: 0,
  wrongKernels: [],
  durationMs: null,
  verifiedAt: null,
  error: null,
  heldBack: false,
}

const RUNNING: VerificationState = { ...UNKNOWN, status: 'running' }

const IDLE_MS = 1000

/**
 * Verifies each new device once, when the engine has nothing else to do, and remembers the verdict. Everything else that
 * is asked of `engine` goes first: a verification under way is given up for it and begun again later.
 */
export function createVerification(inner: Engine, options: VerificationOptions) {
  const { entries, browser, build, golden, idleMs = IDLE_MS } = options
  const store = createStore<VerificationState>(() => UNKNOWN)
  /** What was known before the verification under way. */
  let known = UNKNOWN
  let key: string | null = null
  let current: { abort: AbortController; done: Promise<void> } | null = null
  /** Those who asked for a verification: it is begun again until they have their answer. */
  let waiting: (() => void)[] = []
  let othersUnderWay = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let declined = false
  /** Whether a person has chosen, in this page, to train without a verdict. */
  let waived = false

  const engine: Engine = {
    async execute<N extends CommandName>(
      name: N,
      args: CommandArgs<N>,
      options?: CommandOptions,
    ): Promise<CommandResult<N>> {
      if (name === 'device/describe') return inner.execute(name, args, options)
      othersUnderWay++
      clearTimeout(timer)
      try {
        if (current) {
          current.abort.abort()
          await current.done
        }
        return await inner.execute(name, args, options)
      } finally {
        othersUnderWay--
        whenIdle()
      }
    },
  }

  const isDue = () => key !== null && !declined && store.getState().status === 'unknown'

  /** Asked for, it is done as soon as the engine is free; unasked, when it has been idle for a while. */
  function whenIdle() {
    clearTimeout(timer)
    if (current || othersUnderWay > 0) return
    if (waiting.length > 0) timer = setTimeout(begin)
    else if (isDue()) timer = setTimeout(begin, idleMs)
  }

  function begin() {
    const abort = new AbortController()
    const done = run(abort.signal).finally(() => {
      current = null
      whenIdle()
    })
    current = { abort, done }
  }

  function show(state: VerificationState) {
    if (state.status !== 'running') known = state
    store.setState(state, true)
  }

  /** Verifies as soon as the engine is free. Resolves when that has ended, with a verdict or without; rejects only where `signal` is aborted. */
  async function verify(signal?: AbortSignal): Promise<void> {
    declined = false
    let hear = () => {}
    const ended = new Promise<void>((resolve) => {
      hear = resolve
      waiting.push(resolve)
    })
    if (!current) show(RUNNING)
    whenIdle()
    try {
      await unlessCancelled(ended, signal, 'The check is no longer waited for')
    } finally {
      waiting = waiting.filter((each) => each !== hear)
      if (!current && waiting.length === 0 && store.getState().status === 'running') {
        show(known)
        whenIdle()
      }
    }
  }

  function endWaiting() {
    for (const resolve of waiting) resolve()
    waiting = []
  }

  async function run(signal: AbortSignal): Promise<void> {
    show(RUNNING)
    const onEvent = (event: RunEvent) => {
      if (event.type !== 'verify/check' || signal.aborted) return
      const { check, total } = event
      store.setState(({ checks }) => ({
        checks: [...checks.filter(({ name }) => name !== check.name), check],
        total,
      }))
    }
    try {
      const report = await inner.execute('device/verify', { golden: golden() }, { signal, onEvent })
      const verdict = { report, verifiedAt: Date.now() }
      show(stateOf(verdict))
      await remember(verdict)
    } catch (error) {
      if (signal.aborted) {
        show(waiting.length > 0 ? RUNNING : known)
        return
      }
      show({ ...UNKNOWN, status: 'unfinished', error: errorToData(error) })
    }
    endWaiting()
  }

  /** Where nothing can be kept, the device is verified again next time. */
  async function remember(verdict: Verdict): Promise<void> {
    if (key === null) return
    try {
      const others = await entries.keys()
      await entries.write(
        [[key, verdict]],
        others.filter((other) => !other.startsWith(`${build} `)),
      )
    } catch {}
  }

  return {
    store,
    engine,
    verify,

    /** Gives up what is under way; unasked, the device is not verified any more before training is to begin. */
    cancel() {
      declined = true
      endWaiting()
      clearTimeout(timer)
      if (current) current.abort.abort()
      else show(known)
    },

    /** Recalls the verdict on this device. Where there is none, it is made as soon as the engine is idle. */
    async begin({ device }: DeviceReport): Promise<void> {
      const { vendor, architecture, device: model, description } = device
      key = `${build} ${JSON.stringify([vendor, architecture, model, description, browser])}`
      const [verdict] = await entries.get<Verdict>([key]).catch(() => [])
      if (verdict && isDue()) show(stateOf(verdict))
      whenIdle()
    },

    /** From here on, for as long as this page lives, runs begin without a verdict; never against one. */
    waive() {
      waived = true
      store.setState({ heldBack: false })
    },

    /**
     * Resolves when training may begin, with whether the device was found to compute correctly: where it was not, a
     * person has chosen to go without. Who gives up waiting leaves the check to be done when the engine is idle.
     * @throws device/wrong that names the kernels; device/unverified where the check did not come to its end; cancelled
     */
    async ensure(signal?: AbortSignal): Promise<boolean> {
      const isKnown = ({ status }: VerificationState) => status === 'passed' || status === 'failed'
      if (!isKnown(store.getState()) && !waived) await verify(signal)
      const state = store.getState()
      const { status, wrongKernels } = state
      if (status === 'passed') return true
      if (status !== 'failed') {
        if (waived) return false
        const error = state.error ?? errorToData(stoppedCheck())
        show({ ...UNKNOWN, status: 'unfinished', error, heldBack: true })
        throw new StudioError('device/unverified', `This GPU has not been checked: ${error.message}`)
      }
      throw new StudioError(
        'device/wrong',
        `This GPU computes wrongly: ${named(wrongKernels)} did not give what the reference gives`,
        { hint: 'Update the graphics driver and the browser, then check again on the page of the device.' },
      )
    },
  }
}

export type Verification = ReturnType<typeof createVerification>

const stoppedCheck = () =>
  new StudioError('cancelled', 'The check was stopped before it had come to its end', {
    hint: 'Let it run: it takes less than a minute on most graphics cards.',
  })

const NAMED = 3

const named = (kernels: readonly string[]): string =>
  [...kernels.slice(0, NAMED), ...(kernels.length > NAMED ? ['others'] : [])].join(', ')

function stateOf({ report, verifiedAt }: Verdict): VerificationState {
  const { passed, checks, wrongKernels, durationMs } = report
  return {
    status: passed ? 'passed' : 'failed',
    checks,
    total: checks.length,
    wrongKernels,
    durationMs,
    verifiedAt,
    error: null,
    heldBack: false,
  }
}
