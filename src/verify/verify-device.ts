import type { Runtime } from '../graph/executable.ts'
import { type ByteSource, readText } from '../util/byte-source.ts'
import { StudioError } from '../util/errors.ts'
import { blameKernels } from './blame.ts'
import { type CaseFindings, checkCase, refusal } from './check-case.ts'
import { checkCurve, GOLDEN_CURVE_FILES, goldenFile } from './check-curve.ts'
import type { Finding } from './check-op.ts'
import { checkQuantizer, type GoldenHashes, quantizerCases } from './check-quantizer.ts'
import { opCases } from './op-cases.ts'
import type { CheckKind, VerificationCheck, VerificationReport } from './report.ts'

const HASHES_FILE = 'nf4.json'

/** Files of a golden case (e2e/golden) that a verification needs, by name. */
export const GOLDEN_FILES: readonly string[] = [HASHES_FILE, ...GOLDEN_CURVE_FILES]

/** Enough for an error in the update to show. */
const CURVE_STEPS = 5

/** Checks under way at a time: while one waits for its kernels to be compiled, another computes. */
const CONCURRENCY = 4

export interface VerifyOptions {
  /** GOLDEN_FILES. */
  golden: readonly ByteSource[]
  /** Called after each check, in the order in which they end. */
  onCheck?: (check: VerificationCheck, done: number, total: number) => void
  signal?: AbortSignal
}

interface PlannedCheck {
  name: string
  kind: CheckKind
  run(): Promise<CaseFindings>
}

/**
 * Whether a device computes what it should: its quantizer against bitsandbytes' bytes, every op and its gradients
 * against the reference in float64, and a short training run against the curve of an independent oracle. A kernel
 * that the device refuses is a failed check.
 * @throws cancelled; what the runtime throws where the device itself fails
 */
export async function verifyDevice(
  runtime: Runtime,
  { golden, onCheck, signal }: VerifyOptions,
): Promise<VerificationReport> {
  const startedAt = performance.now()
  const files = new Map(golden.map((file) => [file.name, file]))
  const hashes = JSON.parse(await readText(goldenFile(files, HASHES_FILE))) as GoldenHashes
  const planned: PlannedCheck[] = [
    ...opCases(runtime.traits).map(
      (opCase): PlannedCheck => ({ name: opCase.name, kind: 'op', run: () => checkCase(opCase, runtime) }),
    ),
    ...quantizerCases(runtime.traits).map(
      (quantizer): PlannedCheck => ({
        name: quantizer.matrix.name,
        kind: 'hashes',
        run: () => checkQuantizer(quantizer, hashes, runtime),
      }),
    ),
    {
      name: `loss and gradient norm of ${CURVE_STEPS} training steps`,
      kind: 'curve',
      run: () => checkCurve(files, CURVE_STEPS, runtime, signal),
    },
  ]
  const checks: VerificationCheck[] = []
  const findings: Finding[] = []
  const waiting = [...planned]
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { name, kind, run } = next
      if (signal?.aborted) throw new StudioError('cancelled', 'The verification was cancelled')
      const from = performance.now()
      const result = await run().catch(refused)
      findings.push(...result.findings)
      const check = { name, kind, ...summary(result), durationMs: performance.now() - from }
      checks.push(check)
      onCheck?.(check, checks.length, planned.length)
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: CONCURRENCY }, work))
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason
  return {
    passed: checks.every(({ passed }) => passed),
    wrongKernels: blameKernels(findings),
    checks,
    durationMs: performance.now() - startedAt,
  }
}

/** What is the kernels' fault, though no single case could be told of it. */
function refused(error: unknown): CaseFindings {
  const kernel = error instanceof StudioError && (error.details as { kernel?: string } | undefined)?.kernel
  return { kernels: kernel ? [kernel] : [], findings: [refusal(error, kernel ? [kernel] : [])] }
}

/** The worst of a check's findings, in proportion to what is allowed. */
function summary({ kernels, findings }: CaseFindings) {
  const worst = findings.reduce((one, other) => (excess(other) > excess(one) ? other : one))
  const problems = findings.flatMap(({ problem }) => problem ?? [])
  return {
    kernels,
    figure: worst.subject === 'execution' ? null : worst.figure,
    tolerance: worst.tolerance,
    passed: problems.length === 0,
    problem: problems[0] ?? null,
  }
}

const excess = ({ figure, tolerance }: Finding): number =>
  figure === 0 ? 0 : tolerance === 0 ? Number.POSITIVE_INFINITY : figure / tolerance
