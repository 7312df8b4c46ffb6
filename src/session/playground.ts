import type { RunConfig } from '../config/schema.ts'
import type { PeftAdapter } from '../formats/peft-adapter.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import { inputError, StudioError } from '../util/errors.ts'
import type { RunEvent } from './events.ts'
import { type GenerateArgs, type GenerateResult, readRequest } from './generate-request.ts'
import {
  Generation,
  type LoadedProgram,
  liveAdapter,
  loadBase,
  sameStorage,
  scaled,
  trainsWhole,
} from './generation.ts'
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
  private readonly generations = new Map<Executable, Generation>()
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
    this.forgetOwnBase()
    for (const generation of this.generations.values()) generation.dispose()
    this.generations.clear()
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
    try {
      const wantsRun = args.adapter === 'run'
      const { strength = 1 } = args
      const generation = await this.generationFor(request, wantsRun)
      const asItStands = wantsRun && strength === 1
      const spoken = wantsRun && !asItStands ? await liveAdapter(generation.base) : adapter
      const speaker = asItStands ? 'live' : spoken ? scaled(spoken, strength) : 'base'
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
    if (needsLive && live && live.model !== model) {
      throw new StudioError(
        'input/other-model',
        `The run has trained ${live.model.name}, but ${model.name} is open now`,
        { hint: 'Open the model of the run again and its adapter beside it, or start a run with this one.' },
      )
    }
    const serves = (base: LoadedProgram | null): base is LoadedProgram =>
      base !== null &&
      base.model === model &&
      !trainsWhole(base) &&
      sameStorage(base.program.request.config, config)
    const held = needsLive || serves(live) ? live : serves(this.ownBase) ? this.ownBase : null
    if (held) return this.generationOn(held, await runtime())
    this.forgetOwnBase()
    const device = await runtime()
    this.ownBase = await loadBase(model, config, device, { onEvent, signal })
    return this.generationOn(this.ownBase, device)
  }

  /** What speaks with these weights. Where a run's weights are its base too, that is one for both. */
  private generationOn(base: LoadedProgram, device: Runtime): Generation {
    const before = this.generations.get(base.executable)
    if (before) return before
    const generation = new Generation(base, device)
    this.generations.set(base.executable, generation)
    return generation
  }

  private forgetOwnBase(): void {
    if (!this.ownBase) return
    const { executable } = this.ownBase
    this.generations.get(executable)?.dispose()
    this.generations.delete(executable)
    executable.destroy()
    this.ownBase = null
  }
}
