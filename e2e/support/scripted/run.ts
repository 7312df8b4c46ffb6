import type { Control } from './commands.ts'
import type { Figures } from './figures.ts'
import type { Script } from './script.ts'

export type Emit = (event: Record<string, unknown>) => void

/** A run of a scripted engine, event by event. Runs in the page: may use nothing from outside of itself. */
export function scriptedRun(script: Script, figures: Figures, control: Control) {
  const { steps, pace, sleep, modules, names, noise, bytes, totalBytes, tensor, states } = figures
  const pageCount = script.pages && script.pages.gpu + script.pages.host + script.pages.store
  /** As the pager tells it: pinned pages, then those that take turns; the last two of a step are still there. */
  const paging =
    script.pages && pageCount
      ? (step: number) => {
          const { gpu, host } = script.pages as { gpu: number; host: number }
          const streamed = pageCount - gpu
          const last = step % 2 === 0 ? gpu + 1 : pageCount - 1
          return {
            pageBytes: 65_536,
            residency: Array.from({ length: pageCount }, (_, index) =>
              index < gpu || index === last || index === last - 1
                ? 'gpu'
                : index < gpu + host
                  ? 'host'
                  : 'store',
            ),
            hits: step * (gpu + 2),
            hostMisses: step * host,
            storeMisses: step * (streamed - 2 - host),
            bytesToGpu: step * (streamed - 2) * 65_536,
            bytesFromGpu: step * (streamed - 2) * 65_536,
            bytesToStore: step * (streamed - host) * 65_536,
            bytesFromStore: step * (streamed - host - 2) * 65_536,
            hostBytes: (host + 4) * 65_536,
            peakHostBytes: (host + 6) * 65_536,
            stallMs: step * 1.7,
            degraded: false,
          }
        }
      : null

  return async (emit: Emit) => {
    control.run = 'run'
    // Each run is another, also after a reload, and falls a little faster than the one before.
    const number = Number(sessionStorage.getItem('scripted-runs') ?? 0) + 1
    sessionStorage.setItem('scripted-runs', String(number))
    const runId = `scripted-${number}-${Math.random().toString(36).slice(2, 8)}`
    emit({
      type: 'run/started',
      runId,
      totalSteps: steps,
      plannedBytes: bytes,
      totalBytes,
      trainableParameters: 172_032,
      maxBufferBytes: 4_294_967_292,
    })
    /** On the run's own clock; while a text is written, its plan is there too. */
    const tellMemory = (atMs: number, during: string, share = 1, playground = 0) => {
      const own = Object.entries(bytes).map(([use, size]) => [use, share * size])
      const held = { ...Object.fromEntries(own), samples: 0, playground }
      emit({
        type: 'memory/gpu_bytes',
        atMs,
        during,
        bytes: held,
        totalBytes: share * totalBytes + playground,
      })
    }
    tellMemory(0, 'compiling', 0)
    for (let done = 0; done <= 40; done += 10) {
      emit({ type: 'run/progress', phase: 'compiling', done, total: 40, unit: 'kernels' })
      await sleep(pace)
    }
    emit({ type: 'memory/allocated', bytes: totalBytes })
    tellMemory(900, 'quantizing')
    for (const [index, name] of names.entries()) {
      emit({
        type: 'run/progress',
        phase: 'quantizing',
        done: index + 1,
        total: names.length,
        unit: 'tensors',
      })
      emit({ type: 'quant/tensor', tensor: tensor(name, index) })
      await sleep(pace / 3)
    }
    const samples = (step: number) =>
      emit({
        type: 'run/samples',
        step,
        durationMs: 310,
        answers: states.slice(0, 3).map(([state, capital], index) => ({
          prompt: `What is the capital of ${state}?`,
          expected: `The capital of ${state} is ${capital}.`,
          row: index + 1,
          heldOut: index < 2,
          text:
            step > steps / 2 || (step > steps / 4 && index === 0)
              ? `The capital of ${state} is ${capital}.`
              : `The capital of ${state} is the ${['sea', 'hill', 'river'][(step + index) % 3]}`,
          finishReason: step > steps / 4 ? 'stop' : 'length',
        })),
      })
    samples(0)
    emit({ type: 'run/evaluated', step: 0, loss: 3.41, perplexity: 30.3, supervisedTokens: 61 })
    let lastLoss = 3.4
    control.step = 0
    let stopped = false
    let done = 0
    for (let step = 1; step <= steps; step++) {
      if ((control.run as string) === 'pause') {
        emit({ type: 'run/paused', step: step - 1 })
        tellMemory(2000 + 138 * step, 'paused')
        tellMemory(3500 + 138 * step, 'paused', 1, 2_900_000)
        while ((control.run as string) === 'pause') await sleep(20)
        if ((control.run as string) !== 'stop') emit({ type: 'run/resumed', step: step - 1 })
      }
      if ((control.run as string) === 'stop') {
        stopped = true
        break
      }
      lastLoss =
        0.05 + 3.4 * Math.exp((-(4 + number) * step) / steps) * (1 + 0.35 * (noise(step * number) - 0.5))
      emit({
        type: 'run/step',
        totalSteps: steps,
        secondsLeft: (steps - step) * 1.9,
        step: {
          step,
          metrics: {
            'train/loss': script.nanAt && step >= script.nanAt ? Number.NaN : lastLoss,
            'train/supervised_tokens': 196,
            'train/epoch': step / 4,
            'optimizer/lr': 2e-3,
            'optimizer/grad_norm': 0.4 + 1.8 * Math.exp((-3 * step) / steps) + 0.3 * noise(step + 5),
            'speed/tokens_per_second': 3100 + 220 * (noise(step + 9) - 0.5),
            'speed/step_ms': 138,
            'speed/forward_ms': 40 + 8 * noise(step + 3),
            'speed/backward_ms': 66 + 14 * noise(step + 4),
            'speed/update_ms': 3,
            ...(script.pages && { 'speed/paging_ms': 8 * noise(step + 6) }),
            'speed/waiting_ms': 6 + 12 * noise(step + 7),
            'memory/gpu_bytes': totalBytes,
          },
        },
      })
      tellMemory(2000 + 138 * step, 'training')
      if (step % Math.max(4, Math.ceil(steps / 60)) === 0) {
        emit({
          type: 'quant/delta_ratio',
          step,
          ratios: names.map((name, index) => ({
            name: name.replace('.weight', ''),
            ratio: (0.35 + 0.12 * Math.floor(index / modules.length)) * (1 - Math.exp((-3 * step) / steps)),
          })),
        })
      }
      if (step % 20 === 0)
        emit({
          type: 'run/evaluated',
          step,
          loss: lastLoss * 1.2 + 0.1,
          perplexity: 3,
          supervisedTokens: 61,
        })
      done = control.step = step
      if (paging) emit({ type: 'paging/state', step, paging: paging(step) })
      if (step % Math.ceil(steps / 10) === 0 || step === steps) samples(step)
      if (step % 10 === 0) emit({ type: 'run/checkpoint', step, sizeBytes: 2_150_000, durationMs: 9 })
      if (script.warn?.at === step) {
        const { message } = script.warn
        emit({ type: 'run/warning', code: 'paging/store-failed', message, fix: 'Free space on the disk.' })
      }
      if (script.loseDevice?.at === step) {
        const { resumesFrom, awayMs } = script.loseDevice
        script.loseDevice = undefined
        const message = 'The browser lost its hold of the GPU: the driver was reset'
        emit({ type: 'run/device-lost', step, resumesFrom, message })
        await sleep(awayMs)
        emit({
          type: 'run/started',
          runId,
          totalSteps: steps,
          plannedBytes: bytes,
          totalBytes,
          trainableParameters: 172_032,
          resumedFrom: resumesFrom,
        })
        emit({ type: 'run/resumed', step: resumesFrom })
        step = resumesFrom
      }
      if (script.failAt === step) {
        throw {
          name: 'StudioError',
          code: 'device/lost',
          message: 'The GPU was lost (unknown): the driver was reset',
          hint: 'Close other programs that use the graphics card and start again.',
          details: 'VK_ERROR_DEVICE_LOST',
        }
      }
      while (script.holdAt === step && control.run === 'run') await sleep(20)
      if (step % (script.burst ?? 1) === 0) await sleep(pace)
    }
    const summary = {
      runId,
      steps: done,
      stopped,
      firstLoss: 3.39,
      lastLoss,
      evalLossBefore: 3.41,
      evalLoss: 0.164,
      supervisedTokens: done * 196,
      durationMs: 114_200,
      tokensPerSecond: 3_121.7,
      gpuBytes: totalBytes,
    }
    emit({ type: 'run/finished', summary })
    return summary
  }
}
