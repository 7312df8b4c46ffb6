import type { TFunction } from 'i18next'
import type { ErrorData } from '../../../src/util/errors.ts'
import type { VerificationState } from '../../stores/verification.ts'

const NAMED = 3

/** The kernels to blame in a few words: the first ones by name. */
export function kernelNames(kernels: readonly string[], t: TFunction): string {
  const named = kernels.slice(0, NAMED).join(', ')
  const more = kernels.length - NAMED
  return more > 0 ? `${named}, ${t('device.verification.more', { count: more })}` : named
}

/** What is wrong with this GPU, as every page says it. */
export function wrongGpu({ wrongKernels, checks }: VerificationState, t: TFunction): ErrorData {
  const failed = checks.filter(({ passed }) => !passed)
  return {
    name: 'Verdict',
    code: 'device/wrong',
    message: t('device.verification.wrong', { kernels: kernelNames(wrongKernels, t) }),
    hint: t('device.verification.wrongHint'),
    details: [...wrongKernels, '', ...failed.map(({ name, problem }) => `${name}: ${problem}`)].join('\n'),
  }
}
