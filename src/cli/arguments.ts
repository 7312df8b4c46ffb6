import { inputError, type Problem } from '../util/errors.ts'
import type { CommandSpec, RuntimeName } from './command.ts'
import { COMMANDS, COMMON_OPTIONS, LATER_COMMANDS } from './commands.ts'
import { commandUsage, generalUsage } from './usage.ts'

export type Invocation =
  | { kind: 'help'; text: string }
  | {
      kind: 'run'
      command: CommandSpec
      options: Readonly<Record<string, string | undefined>>
      switches: ReadonlySet<string>
      runtime: RuntimeName
      json: boolean
    }

const HELP_WORDS = ['help', '--help', '-h']

/**
 * What was typed after `cli --`.
 * @throws input/usage with every problem, and with the usage text to show (`usageOf`)
 */
export function parseInvocation(args: readonly string[]): Invocation {
  const [name, ...rest] = args
  if (name !== undefined && HELP_WORDS.includes(name)) return { kind: 'help', text: generalUsage() }
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (!command) throw usageError([unknownCommand(name)], generalUsage())
  const { values, switches, problems } = readOptions(command, rest)
  if (switches.has('help')) return { kind: 'help', text: commandUsage(command) }

  for (const [option, { required, value }] of Object.entries(command.options)) {
    const wasTried = problems.some(({ message }) => message.startsWith(`--${option} `))
    if (required && values[option] === undefined && !wasTried)
      problems.push({ message: `--${option} is missing`, fix: `Add --${option} ${value}.` })
  }
  const runtime = values.runtime ?? 'chromium'
  if (runtime !== 'chromium' && runtime !== 'dawn') {
    problems.push({ message: `--runtime is "${runtime}"`, fix: 'Choose chromium or dawn.' })
  }
  if (problems.length > 0) throw usageError(problems, commandUsage(command))
  return {
    kind: 'run',
    command,
    options: values,
    switches,
    runtime: runtime as RuntimeName,
    json: switches.has('json'),
  }
}

function unknownCommand(name: string | undefined): Problem {
  const known = COMMANDS.map((command) => command.name).join(', ')
  if (name === undefined) return { message: 'No command was given', fix: `Name one of ${known}.` }
  if (LATER_COMMANDS.includes(name)) {
    return {
      message: `The command "${name}" is not available in this version`,
      fix: `This version has ${known}.`,
    }
  }
  return { message: `There is no command "${name}"`, fix: `Name one of ${known}.` }
}

const usageError = (problems: Problem[], usage: string) => {
  const error = inputError('usage', problems)
  return Object.assign(error, { usage })
}

/** The usage text that belongs to an input/usage error. */
export const usageOf = (error: unknown): string | undefined => (error as { usage?: string }).usage

/** Reads `--name value`, `--name=value` and switches; whatever begins with `--` is an option, never a value. */
function readOptions(command: CommandSpec, args: readonly string[]) {
  const specs = { ...command.options, ...COMMON_OPTIONS }
  const values: Record<string, string> = {}
  const switches = new Set<string>()
  const problems: Problem[] = []
  for (let at = 0; at < args.length; at++) {
    const written = args[at] === '-h' ? '--help' : args[at]
    if (!written.startsWith('--')) {
      problems.push({
        message: `"${written}" belongs to no option`,
        fix: 'Write a value directly after its option; quote spaces.',
      })
      continue
    }
    const equals = written.indexOf('=')
    const name = equals < 0 ? written.slice(2) : written.slice(2, equals)
    const inline = equals < 0 ? undefined : written.slice(equals + 1)
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (!spec) {
      const known = Object.keys(specs).map((option) => `--${option}`)
      problems.push({
        message: `${command.name} has no option --${name}`,
        fix: `Its options are ${known.join(', ')}.`,
      })
      // What follows an unknown option is most likely its value.
      if (inline === undefined && args[at + 1] !== undefined && !args[at + 1].startsWith('--')) at++
    } else if (!spec.value) {
      if (inline !== undefined)
        problems.push({
          message: `--${name} takes no value; "${inline}" came`,
          fix: `Write --${name} alone.`,
        })
      switches.add(name)
    } else {
      const next = args[at + 1]
      const value = inline ?? (next !== undefined && !next.startsWith('--') ? args[++at] : undefined)
      if (value === undefined || (value === '' && !spec.mayBeEmpty))
        problems.push({ message: `--${name} needs a value`, fix: `Write --${name} ${spec.value}.` })
      else if (values[name] !== undefined)
        problems.push({ message: `--${name} is given twice`, fix: 'Give it once.' })
      else values[name] = value
    }
  }
  return { values, switches, problems }
}
