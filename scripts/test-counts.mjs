/** Reads how many tests passed, failed and were skipped from the reports of the test programs. */

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * Vitest's JSON report. A file that could not be loaded holds no test and counts as one failure.
 * @param {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} report
 * @returns {Counts}
 */
export function countVitest(report) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of report.testResults) {
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed++
      else if (status === 'failed') counts.failed++
      else counts.skipped++
    }
    const toldWhy = file.assertionResults.some(({ status }) => status === 'failed')
    if (file.status === 'failed' && !toldWhy) counts.failed++
  }
  return counts
}

/**
 * Playwright's JSON report. A test that passed only when it was tried again is flaky, and counts as failed.
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number }, errors: unknown[] }} report
 * @returns {Counts}
 */
export function countPlaywright({ stats, errors }) {
  const loadErrors = errors.length > 0 && stats.unexpected === 0 ? 1 : 0
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + loadErrors,
    skipped: stats.skipped,
  }
}

/**
 * The names of the tests that a report says were skipped.
 * @param {any} report of Vitest or of Playwright
 * @returns {string[]}
 */
export function skippedNames(report) {
  if (report.testResults) {
    return report.testResults
      .flatMap((/** @type {any} */ file) => file.assertionResults)
      .filter((/** @type {any} */ { status }) => status !== 'passed' && status !== 'failed')
      .map((/** @type {any} */ { fullName }) => fullName)
  }
  return report.suites.flatMap(function within(/** @type {any} */ suite) {
    const own = (suite.specs ?? []).filter((/** @type {any} */ spec) =>
      spec.tests.some((/** @type {any} */ { status }) => status === 'skipped'),
    )
    return [...own.map((/** @type {any} */ { title }) => title), ...(suite.suites ?? []).flatMap(within)]
  })
}

/**
 * A lane's result: what its report says, corrected by how its program ended. A program that failed without a failed test
 * (an uncaught error, a crash, a time limit) and a lane that must run and did not each count as one failure.
 * @param {Counts | undefined} counts undefined where there is no report
 * @param {{ exitCode: number, mustRun?: boolean }} end
 * @returns {Counts}
 */
export function judge(counts, { exitCode, mustRun = false }) {
  const { passed, failed, skipped } = counts ?? { passed: 0, failed: 0, skipped: 0 }
  const unexplained = exitCode !== 0 && failed === 0
  const empty = mustRun && passed + failed === 0
  return { passed, failed: unexplained || empty ? failed + 1 : failed, skipped }
}

/**
 * @param {Counts[]} all
 * @returns {Counts}
 */
export function sum(all) {
  return {
    passed: all.reduce((total, { passed }) => total + passed, 0),
    failed: all.reduce((total, { failed }) => total + failed, 0),
    skipped: all.reduce((total, { skipped }) => total + skipped, 0),
  }
}

/** @param {Counts} counts */
export function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
