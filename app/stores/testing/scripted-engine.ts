import type {
  CommandArgs,
  CommandName,
  CommandOptions,
  CommandResult,
  Engine,
} from '../../../src/session/engine.ts'
import { StudioError } from '../../../src/util/errors.ts'

export type Answers = {
  [N in CommandName]?: (
    args: CommandArgs<N>,
    options: CommandOptions,
  ) => CommandResult<N> | Promise<CommandResult<N>>
}

/**
 * An engine whose answers a test writes; it keeps what it was asked, in order. An aborted command rejects, as with the
 * real one. What has no answer is an error of the test.
 */
export function scriptedEngine(answers: Answers) {
  const asked: CommandName[] = []
  const engine: Engine = {
    async execute<N extends CommandName>(name: N, args: CommandArgs<N>, options: CommandOptions = {}) {
      asked.push(name)
      const answer = answers[name]
      if (!answer) throw new StudioError('test/unscripted', `The test has no answer to ${name}`)
      if (options.signal?.aborted) throw new StudioError('cancelled', `${name} was cancelled`)
      const result = await answer(args, options)
      if (options.signal?.aborted) throw new StudioError('cancelled', `${name} was cancelled`)
      return result
    },
  }
  return { engine, asked, answers }
}
