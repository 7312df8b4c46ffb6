import { createStore } from 'zustand/vanilla'
import type { OutputFile } from '../../src/session/files.ts'
import { type ErrorData, errorToData } from '../../src/util/errors.ts'
import type { Entries } from './history-entries.ts'
import type { Permanence } from './history-permanence.ts'
import {
  type KeptRun,
  newRecord,
  type RunDetail,
  type RunRecord,
  type RunStart,
  sparklineOf,
  updatedRecord,
} from './history-record.ts'
import { emptyTimeline } from './memory-timeline.ts'
import type { RunState } from './run.ts'
import { type StepChunk, StepSeries } from './step-series.ts'

export interface HistoryState {
  status: 'opening' | 'ready'
  /** The latest first. */
  records: readonly RunRecord[]
  /** Why runs can not be kept in this browser; what happens in this page is still listed. */
  failure: ErrorData | null
  /** Whether what is kept stays until it is deleted here; null: not known. */
  isPermanent: boolean | null
}

/** Whether some page of this browser is at work on a run: one that is not and never ended was interrupted. */
export interface Liveness {
  /** Until the returned function is called, or the page goes away. */
  hold(id: string): () => void
  isHeld(id: string): Promise<boolean>
}

interface HistoryOptions {
  entries: Entries
  liveness: Liveness
  /** Null: the browser does not say. */
  permanence?: Permanence | null
  now?: () => number
}

/** Steps are kept in pieces of this many, so that a step more rewrites only the last piece. */
const CHUNK_STEPS = 1024

const recordKey = (id: string) => `record/${id}`
const detailKey = (id: string) => `detail/${id}`
const filesKey = (id: string) => `files/${id}`
const chunkKey = (id: string, chunk: number) => `steps/${id}/${chunk}`

/** A run that this page is writing. */
interface Writing {
  /** How many steps of the run as it is now are in the keep. */
  written: number
  /** How many steps are there in all: those that it had before it went on from a checkpoint may be more. */
  kept: number
  /** What of the run is there already; by identity, since states are never changed. */
  detail: RunDetail
  detailBytes: number
  /** What there was of it before this page took it up. */
  before: RunRecord | null
  release: () => void
}

/**
 * The runs of this browser, kept as they go. Everything is written in order, one thing at a time; what fails to be
 * written is told in `failure` and stays in the list for as long as the page lives.
 */
export function createHistory({ entries, liveness, permanence = null, now = Date.now }: HistoryOptions) {
  const store = createStore<HistoryState>(() => ({
    status: 'opening',
    records: [],
    failure: null,
    isPermanent: null,
  }))
  const writing = new Map<string, Writing>()
  let last: Promise<unknown> = Promise.resolve()

  /** Takes its turn; whoever asked gets the error, and the next one its turn. */
  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = last.then(act, act)
    last = turn.catch(() => {})
    return turn
  }

  const find = (id: string) => store.getState().records.find((record) => record.id === id)

  function show(record: RunRecord) {
    store.setState(({ records }) => ({
      records: [record, ...records.filter(({ id }) => id !== record.id)].sort(
        (a, b) => b.startedAt - a.startedAt,
      ),
    }))
  }

  /** Whether it is kept now. */
  async function write(...args: Parameters<Entries['write']>): Promise<boolean> {
    try {
      await entries.write(...args)
      return true
    } catch (error) {
      store.setState({ failure: errorToData(error) })
      return false
    }
  }

  const tellPermanence = (answer: Promise<boolean>) =>
    answer.then(
      (isPermanent) => store.setState({ isPermanent }),
      () => {},
    )

  let hasAsked = false
  /** Asks that what is kept from now on stays: once, since a browser that has refused may have asked the person. */
  function askPermanence() {
    if (!permanence || hasAsked || store.getState().isPermanent) return
    hasAsked = true
    void tellPermanence(permanence.ask())
  }

  /** Every run that is kept; those nobody is at work on any more are marked as interrupted. */
  const open = () =>
    inTurn(async () => {
      if (permanence) await tellPermanence(permanence.isGranted())
      try {
        const names = (await entries.keys()).filter((name) => name.startsWith('record/'))
        const found = (await entries.get<RunRecord>(names)).filter((record) => record !== undefined)
        for (const record of found) {
          if (writing.has(record.id)) continue
          if (record.status === 'running' && !(await liveness.isHeld(record.id)))
            show({ ...record, status: 'interrupted' })
          else show(record)
        }
        const ids = new Set(found.map(({ id }) => id))
        store.setState(({ records }) => ({
          status: 'ready',
          records: records.filter(({ id }) => ids.has(id) || writing.has(id)),
        }))
      } catch (error) {
        store.setState({ status: 'ready', failure: errorToData(error) })
      }
    })

  async function readNow(id: string): Promise<KeptRun | null> {
    const [record, detail] = await entries.get<unknown>([recordKey(id), detailKey(id)])
    if (!record || !detail) return null
    const names = (await entries.keys()).filter((name) => name.startsWith(`steps/${id}/`))
    const chunks = await entries.get<StepChunk>(names.map((_, chunk) => chunkKey(id, chunk)))
    let steps = StepSeries.empty
    for (const chunk of chunks) if (chunk) steps = steps.appendChunk(chunk)
    return { record: find(id) ?? (record as RunRecord), detail: detail as RunDetail, steps }
  }

  /** A run with its curves; null when it is not kept. */
  const read = (id: string) => inTurn(() => readNow(id))

  /**
   * Begins to keep a run. One that is known goes on as the same record; then what was kept of it is given back
   * (history-record.ts, `withEarlier`).
   */
  const begin = (start: RunStart) =>
    inTurn(async (): Promise<KeptRun | null> => {
      askPermanence()
      writing.get(start.id)?.release()
      const release = liveness.hold(start.id)
      const earlier = await readNow(start.id).catch(() => null)
      const record = earlier?.record ?? newRecord(start, nameFor(start, store.getState().records), now())
      const detail: RunDetail = {
        evaluations: [],
        tensors: [],
        deltaRatios: [],
        samples: [],
        memory: emptyTimeline,
        log: [],
      }
      writing.set(start.id, {
        written: 0,
        kept: earlier?.steps.length ?? find(start.id)?.step ?? 0,
        detail,
        detailBytes: 0,
        before: earlier?.record ?? null,
        release,
      })
      const running: RunRecord = { ...record, status: 'running', updatedAt: now() }
      show(running)
      await write([
        [recordKey(start.id), running],
        ...(earlier ? [] : [[detailKey(start.id), detail] as const]),
      ])
      return earlier
    })

  /** Keeps a run as it now stands: the steps that are new, and what else has changed. */
  const append = (id: string, run: RunState) =>
    inTurn(async () => {
      const live = writing.get(id)
      const before = find(id)
      if (!live || !before) return
      const puts: [string, unknown][] = []
      const length = run.steps.length
      for (
        let from = floorTo(Math.min(live.written, length), CHUNK_STEPS);
        from < length;
        from += CHUNK_STEPS
      ) {
        const chunk = run.steps.chunk(from, Math.min(from + CHUNK_STEPS, length))
        puts.push([chunkKey(id, from / CHUNK_STEPS), chunk])
      }
      // A run that goes on from a checkpoint may have fewer steps than were kept.
      const surplus: string[] = []
      for (let from = ceilTo(length, CHUNK_STEPS); from < live.kept; from += CHUNK_STEPS)
        surplus.push(chunkKey(id, from / CHUNK_STEPS))
      const { evaluations, tensors, deltaRatios, samples, memory, log } = run
      const detail = { evaluations, tensors, deltaRatios, samples, memory, log }
      if (!sameParts(detail, live.detail)) {
        puts.push([detailKey(id), detail])
        live.detailBytes = JSON.stringify(detail).length
      }
      const files = before.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
      const record = {
        ...updatedRecord(before, run, now()),
        sizeBytes: bytesOf(run.steps) + live.detailBytes + files,
      }
      show(record)
      if (!(await write([...puts, [recordKey(id), record]], surplus))) return
      live.written = length
      live.kept = length
      live.detail = detail
    })

  /** The last word on a run, with what it made. */
  const finish = (id: string, run: RunState, files: readonly OutputFile[] = []) => {
    void append(id, run)
    return inTurn(async () => {
      const live = writing.get(id)
      const record = find(id)
      if (!live || !record) return
      if (files.length > 0) await keepFiles(record, files)
      live.release()
      writing.delete(id)
    })
  }

  /** A run that came to nothing is forgotten; one that was to go on stands as it did. */
  const abandon = (id: string) =>
    inTurn(async () => {
      const live = writing.get(id)
      const record = find(id)
      if (!live || !record) return
      live.release()
      writing.delete(id)
      if (!live.before) return forget([id])
      const { status, summary, error } = live.before
      const stands = { ...record, status, summary, error }
      show(stands)
      await write([[recordKey(id), stands]])
    })

  async function keepFiles(
    record: RunRecord,
    files: readonly OutputFile[],
    alsoWrite: [string, unknown][] = [],
  ) {
    const kept = files.map(({ path, bytes }) => ({ path, blob: new Blob([bytes]) }))
    const listed = files.map(({ path, bytes }) => ({ path, sizeBytes: bytes.length }))
    const grown = listed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const before = record.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const withFiles = { ...record, files: listed, sizeBytes: record.sizeBytes + grown - before }
    await write([...alsoWrite, [filesKey(record.id), kept], [recordKey(record.id), withFiles]])
    show(withFiles)
  }

  /** The adapter or the weights of a run; empty where there are none. */
  const readFiles = (id: string): Promise<OutputFile[]> =>
    inTurn(async () => {
      const [files] = await entries.get<{ path: string; blob: Blob }[]>([filesKey(id)])
      return Promise.all(
        (files ?? []).map(async ({ path, blob }) => ({
          path,
          bytes: new Uint8Array(await blob.arrayBuffer()),
        })),
      )
    })

  /** Forgets what a run made, for good; the run and its curves stay. */
  const removeFiles = (id: string) =>
    inTurn(async () => {
      const record = find(id)
      if (!record || writing.has(id)) return
      const freed = record.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
      const without: RunRecord = { ...record, files: [], sizeBytes: record.sizeBytes - freed }
      if (await write([[recordKey(id), without]], [filesKey(id)])) show(without)
    })

  const change = (id: string, changes: Pick<Partial<RunRecord>, 'name' | 'notes'>) =>
    inTurn(async () => {
      const record = find(id)
      if (!record) return
      const changed = { ...record, ...changes }
      show(changed)
      await write([[recordKey(id), changed]])
    })

  /** Forgets runs for good. One that is being written is left alone. */
  const remove = (ids: readonly string[]) => inTurn(() => forget(ids.filter((id) => !writing.has(id))))

  async function forget(gone: readonly string[]) {
    const names = await entries.keys().catch(() => [])
    const theirs = names.filter((name) => gone.some((id) => belongsTo(name, id)))
    await write([], theirs)
    store.setState(({ records }) => ({ records: records.filter(({ id }) => !gone.includes(id)) }))
  }

  /** Takes in a run from elsewhere, under an id of its own. One that is here already is not taken in again. */
  const add = (run: KeptRun, files: readonly OutputFile[], fileName: string) =>
    inTurn(async (): Promise<{ id: string; isNew: boolean }> => {
      askPermanence()
      const source = run.record.id
      const known = store
        .getState()
        .records.find(({ id, importedFrom }) => id === source || importedFrom?.id === source)
      if (known) return { id: known.id, isNew: false }
      const id = crypto.randomUUID()
      const detailBytes = JSON.stringify(run.detail).length
      const record: RunRecord = {
        ...run.record,
        id,
        importedFrom: { fileName, id: source },
        sparkline: sparklineOf(run.steps),
        files: [],
        sizeBytes: bytesOf(run.steps) + detailBytes,
      }
      const puts: [string, unknown][] = [[detailKey(id), run.detail]]
      for (let from = 0; from < run.steps.length; from += CHUNK_STEPS)
        puts.push([
          chunkKey(id, from / CHUNK_STEPS),
          run.steps.chunk(from, Math.min(from + CHUNK_STEPS, run.steps.length)),
        ])
      await keepFiles(record, files, puts)
      return { id, isNew: true }
    })

  return { store, open, begin, append, finish, abandon, read, readFiles, change, removeFiles, remove, add }
}

export type History = ReturnType<typeof createHistory>

const belongsTo = (name: string, id: string) =>
  name === recordKey(id) || name === detailKey(id) || name === filesKey(id) || name.startsWith(`steps/${id}/`)

const floorTo = (value: number, unit: number) => value - (value % unit)
const ceilTo = (value: number, unit: number) => floorTo(value + unit - 1, unit)

const sameParts = (one: RunDetail, other: RunDetail) =>
  (Object.keys(one) as (keyof RunDetail)[]).every((part) => one[part] === other[part])

/** The dataset's name, and the how-manieth run on it this is. */
function nameFor({ dataset }: RunStart, records: readonly RunRecord[]): string {
  const stem = dataset.replace(/\.[a-z]+$/i, '')
  const taken = new Set(records.map(({ name }) => name))
  let number = 1
  while (taken.has(`${stem} ${number}`)) number++
  return `${stem} ${number}`
}

function bytesOf(steps: StepSeries): number {
  const { columns } = steps.chunk(0, Math.min(steps.length, 1))
  return steps.length * 8 * (1 + Object.keys(columns).length)
}
