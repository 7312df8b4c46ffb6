/** The test lanes, in the order they run: what each starts, and where it leaves its counts. */

/**
 * @typedef {object} Lane
 * @property {string} name
 * @property {string[]} command arguments for Node: a program of node_modules and its arguments
 * @property {'vitest' | 'playwright' | 'exit'} counts how its result is counted; 'exit' is one check
 * @property {boolean} [mustRun] a run of no tests is a failure
 * @property {boolean} [needsBrowser]
 * @property {boolean} [needsDawn] a Vulkan driver is chosen for Dawn in this very process
 * @property {boolean} [needsApp]
 * @property {boolean} [needsCli]
 */

/** @type {Lane[]} */
export const lanes = [
  {
    name: 'lint',
    command: ['@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--no-errors-on-unmatched', '.'],
    counts: 'exit',
  },
  { name: 'types', command: ['typescript/bin/tsc', '-p', '.'], counts: 'exit' },
  // Its few tests on Dawn use the software driver that comes with the browser.
  { name: 'unit', command: vitest('unit'), counts: 'vitest', needsBrowser: true, needsDawn: true },
  { name: 'gpu', command: vitest('gpu'), counts: 'vitest', mustRun: true, needsBrowser: true },
  {
    name: 'golden',
    command: vitest('golden'),
    counts: 'vitest',
    needsBrowser: true,
    needsApp: true,
    needsCli: true,
  },
  {
    name: 'e2e',
    command: ['@playwright/test/cli.js', 'test', '--pass-with-no-tests'],
    counts: 'playwright',
    needsBrowser: true,
    needsApp: true,
    needsCli: true,
  },
]

/** @param {string} project */
function vitest(project) {
  return [
    'vitest/vitest.mjs',
    'run',
    '--project',
    project,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
  ]
}
