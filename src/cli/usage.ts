import type { CommandSpec, OptionSpec } from './command.ts'
import { COMMANDS, COMMON_OPTIONS } from './commands.ts'

const written = ([name, { value }]: [string, OptionSpec]) => (value ? `--${name} ${value}` : `--${name}`)

/** All commands, one line each. */
export function generalUsage(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length))
  return [
    'usage: npm run --silent cli -- COMMAND [options]',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'COMMAND --help lists its options.',
  ].join('\n')
}

/** One command with all its options. */
export function commandUsage({ name, summary, options }: CommandSpec): string {
  const all = [...Object.entries(options), ...Object.entries(COMMON_OPTIONS)]
  const width = Math.max(...all.map((entry) => written(entry).length))
  const words = Object.entries(options).map((entry) =>
    entry[1].required ? written(entry) : `[${written(entry)}]`,
  )
  return [
    `usage: npm run --silent cli -- ${name} ${words.join(' ')}`,
    '',
    `  ${summary}`,
    '',
    ...all.map((entry) => `  ${written(entry).padEnd(width)}  ${entry[1].help}`),
  ].join('\n')
}
