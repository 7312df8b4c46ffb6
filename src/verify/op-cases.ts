import type { DeviceTraits } from '../graph/device.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { adamwCase } from './cases/adamw.ts'
import { adapterNormCase } from './cases/adapter-norm.ts'
import { attentionCase, packed, shape } from './cases/attention.ts'
import { cachedAttentionCase } from './cases/cached-attention.ts'
import { clearCase } from './cases/clear.ts'
import { embeddingCase } from './cases/embedding.ts'
import { gradientNormCase } from './cases/gradient-norm.ts'
import { lastRowCase } from './cases/last-row.ts'
import { adapterCase, linearCase, NF4, NF4_SINGLE, trainedLinearCase } from './cases/linear.ts'
import { lmHeadLossCase } from './cases/lm-head-loss.ts'
import { residualCase } from './cases/residual.ts'
import { rmsnormCase } from './cases/rmsnorm.ts'
import { ropeCase } from './cases/rope.ts'
import { swigluCase } from './cases/swiglu.ts'
import { topLogitsCase } from './cases/top-logits.ts'
import type { OpCase } from './op-case.ts'

/**
 * The cases that a device is held against: every op, small, with the kernels that this device would be given. Simple
 * ops come before those that are made of several kernels.
 */
export function opCases({ software }: Pick<DeviceTraits, 'software'>): OpCase[] {
  return [
    clearCase(130),
    residualCase([5, 64]),
    embeddingCase([6, 0, 3, 1], 7, 64, 'f32'),
    embeddingCase([6, 0, 3, 1], 7, 64, 'bf16'),
    rmsnormCase(5, 64),
    rmsnormCase(5, 64, 'bf16'),
    ropeCase({ tokens: 7, heads: 2, headDim: 32, positions: [0, 1, 2, 3, 0, 1, 400] }),
    swigluCase('5×64', [5, 64], 4),
    linearCase('f32', [35, 72, 40]),
    linearCase('f32', [35, 72, 24]),
    linearCase('bf16', [35, 72, 40]),
    linearCase(NF4, [35, 72, 40]),
    linearCase(NF4, [35, 172, 40]),
    linearCase(NF4, [35, 72, 24]),
    linearCase(NF4, [1, 576, 40]),
    linearCase(NF4, [1, 172, 40]),
    linearCase('bf16', [1, 576, 40]),
    trainedLinearCase([70, 72, 40]),
    adapterCase([70, 64, 36, 8, 0]),
    adapterCase([1, 64, 36, 8, 0]),
    ...(software ? [] : lessUsed()),
    ...headDims(software).map((headDim) =>
      attentionCase(`with heads of ${headDim}, packed documents`, shape(1, 37, 4, 2, headDim), {
        segmentIds: packed(37, 5, 1, 17, 30),
        limits: {},
      }),
    ),
    lmHeadLossCase({ rows: 9, hidden: 64, vocab: 300, chunkRows: 4, supervised: 2 }, true),
    lmHeadLossCase({ rows: 9, hidden: 64, vocab: 300, chunkRows: 4, storage: 'bf16' }, true),
    lmHeadLossCase({ rows: 9, hidden: 64, vocab: 300, chunkRows: 4, storage: 'bf16' }, false),
    gradientNormCase('a vec4 more than one partial each', uniformValues(4 * 1025, 2)),
    adapterNormCase('two modules', [
      { rank: 4, inner: 33, outer: 17 },
      { rank: 8, inner: 64, outer: 24 },
    ]),
    adamwCase('clipped', { step: 7, maxGradNorm: 1, norm: 3 }),
    adamwCase('NaN norm leaves everything as it is', { step: 7, norm: Number.NaN }),
    ...headDims(software).map((headDim) =>
      cachedAttentionCase(`a padded chunk behind others, heads of ${headDim}`, {
        tokens: 8,
        count: 5,
        length: 57,
        capacity: 70,
        heads: 4,
        kvHeads: 2,
        headDim,
      }),
    ),
    lastRowCase(5, 64, 3),
    topLogitsCase('two rounds', uniformValues(2100, 4, -20, 5)),
  ]
}

/** What neither the embedded model nor the golden one needs: a software adapter takes seconds to compile each. */
const lessUsed = (): OpCase[] => [
  embeddingCase([6, 0, 3, 1], 7, 64, 'f16'),
  rmsnormCase(5, 64, 'f16'),
  linearCase('f16', [35, 72, 40]),
  linearCase(NF4_SINGLE, [35, 72, 40]),
  adapterCase([35, 64, 36, 8, 0.1]),
  adapterCase([35, 64, 36, 16, 0.1]),
]

/** Of the golden and the embedded model, and of most others; a software adapter is slow to compile each. */
const headDims = (software: boolean): number[] => (software ? [16, 32] : [16, 32, 64, 128])
