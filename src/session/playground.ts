import type { RunConfig } from '../config/schema.ts'
import type { PeftAdapter } from '../formats/peft-adapter.ts'
import type { Runtime } from '../graph/executable.ts'
import { inputError, StudioError } from '../util/errors.ts'
import type { RunEvent } from './events.ts'
import { type GenerateArgs, type GenerateResult, readRequest } from './generate-request.ts'
import { Generation, type LoadedProgram, loadBase, sameStorage } from './generation.ts'
import type { OpenedModel } from './open-model.ts'

/** What a text is made with. */
export interface PlaygroundRequest {
  args: GenerateArgs
  model: OpenedModel
  /** Decides how the base is stored. */
  config: RunConfig
  /** Reads the adapter from its files; null for the base or the live adapter. */
  openAdapter: () => Promise<PeftAdapter | null>
  /** The current run's weights with its live adapter, if there are any. */
  live: LoadedProgram | null
  runtime: () => Promise<Runtime>
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

/** Where texts are generated, one after the other: on the run's weights where they fit, else on a base of its own. */
export class Playground {
  private generation: Generation | null = null
  /** Loaded where no run holds a base that fits. */
  private ownBase: LoadedProgram | null = null
  private waiting = 0
  private last: Promise<unknown> = Promise.resolve()

  /** Whether texts are under way. */
  get isSpeaking(): boolean {
    return this.waiting > 0
  }

  /** Resolves when the texts asked for so far have ended, well or not. */
  async settled(): Promise<void> {
    await this.last
  }

  async generate(request: PlaygroundRequest): Promise<GenerateResult> {
    this.waiting++
    const text = this.last.then(() => this.speak(request))
    this.last = text.catch(() => {})
    try {
      return await text
    } finally {
      this.waiting--
    }
  }

  /** Frees everything on the device that belongs to the playground: before the weights it reads go. */
  forget(): void {
    this.generation?.dispose()
    this.generation = null
    this.ownBase?.executable.destroy()
    this.ownBase = null
  }

  private async speak({ args, ...request }: PlaygroundRequest): Promise<GenerateResult> {
    const { model, onEvent, signal } = request
    if (signal?.aborted) throw new StudioError('cancelled', 'The text was cancelled')
    const adapter = await request.openAdapter()
    if (adapter?.config.useDora) {
      throw inputError('adapter', [
        {
          message: 'The adapter is a DoRA adapter, which cannot be run here yet',
          fix: 'Use a plain LoRA adapter.',
        },
      ])
    }
    const checked = await readRequest(args, model)
    const speaker = adapter ?? (args.adapter === 'run' ? 'live' : 'base')
    try {
      const generation = await this.generationFor(request, speaker === 'live')
      return await generation.generate(checked, speaker, { onEvent, signal })
    } catch (error) {
      // After a device error nothing that was on it is worth keeping.
      if (error instanceof StudioError && error.code.startsWith('device/')) this.forget()
      throw error
    }
  }

  private async generationFor(
    { model, config, live, runtime, onEvent, signal }: Omit<PlaygroundRequest, 'args'>,
    needsLive: boolean,
  ): Promise<Generation> {
    if (needsLive && !live)
      throw new StudioError('input/no-run', 'There is no run yet', { hint: 'Start a run first.' })
    const serves = (base: LoadedProgram | null): base is LoadedProgram =>
      base !== null && base.model === model && sameStorage(base.program.request.config, config)
    const wanted = live && (needsLive || serves(live)) ? live : serves(this.ownBase) ? this.ownBase : null
    if (wanted && this.generation?.base.executable === wanted.executable) return this.generation
    const device = await runtime()
    this.generation?.dispose()
    this.generation = null
    if (!wanted || wanted !== this.ownBase) {
      this.ownBase?.executable.destroy()
      this.ownBase = null
    }
    const base = wanted ?? (await loadBase(model, config, device, { onEvent, signal }))
    if (!wanted) this.ownBase = base
    this.generation = new Generation(base, device)
    return this.generation
  }
}
