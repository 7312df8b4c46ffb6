import { gradNorm } from '../reference/grad-norm.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { gradientNormCase } from '../verify/cases/gradient-norm.ts'
import { gradientNorm } from './gradient-norm.ts'
import { testOp } from './testing/test-op.ts'

testOp(gradientNormCase('4 elements', uniformValues(4, 1)))
testOp(gradientNormCase('zeros', new Float64Array(64)))
testOp(gradientNormCase('a vec4 more than one partial each', uniformValues(4 * 1025, 2)))
testOp(gradientNormCase('70,000 elements', uniformValues(70_000, 3)))
testOp(gradientNormCase('very small gradients', uniformValues(256, 4, -1e-12, 1e-12)))

const segments = [uniformValues(4 * 1025, 6), uniformValues(4, 7), uniformValues(300, 8)]
testOp({
  name: 'gradient norm of a pool in three segments',
  inputs: Object.fromEntries(segments.map((data, index) => [`g${index}`, { shape: [data.length], data }])),
  build(graph, { g0, g1, g2 }) {
    const norm = graph.activation('norm', [1])
    gradientNorm(graph, [g0, g1, g2], norm)
    return { norm }
  },
  reference: ({ g0, g1, g2 }) => ({ outputs: { norm: [gradNorm([g0, g1, g2], 0).norm] } }),
})

/** The bits of the norm that everything not finite gives. */
const NOT_FINITE = 0x7fc00000

function notFiniteTest(name: string, bad: number, at: number): void {
  const size = 9000
  const data = uniformValues(size, 5)
  data[at] = bad
  testOp({
    name: `gradient norm with ${name}`,
    inputs: { gradients: { shape: [size], data } },
    build(graph, { gradients }) {
      const norm = graph.activation('norm', [1], 'u32')
      gradientNorm(graph, [gradients], norm)
      return { norm }
    },
    reference: () => ({ outputs: { norm: [NOT_FINITE] } }),
  })
}

notFiniteTest('a NaN', Number.NaN, 8999)
notFiniteTest('an infinity', Number.POSITIVE_INFINITY, 0)
notFiniteTest('a negative infinity', Number.NEGATIVE_INFINITY, 4097)
notFiniteTest('squares that overflow', 1e30, 17)
