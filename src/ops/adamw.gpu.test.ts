import { ADAMW_STEP, adamwCase } from '../verify/cases/adamw.ts'
import { adamw } from './adamw.ts'
import { testOp } from './testing/test-op.ts'

testOp(adamwCase('first step', {}))
testOp(adamwCase('one vec4', { count: 4 }))
testOp(adamwCase('step 100 on moments', { step: 100 }))
testOp(adamwCase('clipped', { step: 7, maxGradNorm: 1, norm: 3 }))
testOp(adamwCase('norm below the limit', { step: 7, maxGradNorm: 1, norm: 0.5 }))
testOp(adamwCase('a norm of zero', { step: 7, maxGradNorm: 1, norm: 0 }))
testOp(adamwCase('NaN norm leaves everything as it is', { step: 7, norm: Number.NaN }))
testOp(
  adamwCase('infinite norm leaves everything as it is', {
    step: 7,
    maxGradNorm: 1,
    norm: Number.POSITIVE_INFINITY,
  }),
)

const zeros = { shape: [64], data: new Float64Array(64) }

// What a pool holds between its tensors is zero and must stay it.
testOp({
  name: 'AdamW leaves zeros zero',
  inputs: {
    values: zeros,
    gradients: zeros,
    m: zeros,
    v: zeros,
    norm: { shape: [1], data: [1] },
  },
  build(graph, { values, gradients, m, v, norm }) {
    adamw(graph, { values, gradients, m, v, norm })
    return { values, m, v }
  },
  reference: ({ values, m, v }) => ({ outputs: { values, m, v } }),
  step: { ...ADAMW_STEP, biasCorrection1: 0.1, biasCorrection2: 0.001 },
  tolerance: 0,
})
