import codeBuffer from '../../shaders/common/code_buffer.wgsl?raw'
import codeLanes from '../../shaders/common/code_lanes.wgsl?raw'
import codeNone from '../../shaders/common/code_none.wgsl?raw'
import codePrivate from '../../shaders/common/code_private.wgsl?raw'
import codeWorkgroup from '../../shaders/common/code_workgroup.wgsl?raw'
import scaleF32 from '../../shaders/common/scale_f32.wgsl?raw'
import scaleNested from '../../shaders/common/scale_nested.wgsl?raw'
import weight4Bit from '../../shaders/common/weight_4bit.wgsl?raw'
import weightBf16 from '../../shaders/common/weight_bf16.wgsl?raw'
import weightF16 from '../../shaders/common/weight_f16.wgsl?raw'
import weightF32 from '../../shaders/common/weight_f32.wgsl?raw'
import rowPacked from '../../shaders/common/weight_row_packed.wgsl?raw'
import rowScalar from '../../shaders/common/weight_row_scalar.wgsl?raw'
import rowVec4 from '../../shaders/common/weight_row_vec4.wgsl?raw'
import weightVec4 from '../../shaders/common/weight_vec4.wgsl?raw'
import type { Kernel, KernelBinding } from '../graph/kernel.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import { quantLayout } from '../quant/layout.ts'
import { StudioError } from '../util/errors.ts'

/** What a kernel adds to its declaration to read a frozen or dense weight, whatever it is stored as. */
export interface WeightSource {
  /** Names the variant: part of the kernel's name. */
  name: string
  /**
   * WGSL: `fn load_weight(index: u32) -> f32`, `fn load_weight4(index4: u32) -> vec4<f32>` (index4 counts groups of 4
   * elements) and `fn begin_weights(local: u32)`, to be called once before them.
   */
  includes: string[]
  /** `weight`, and `codebook` for 4-bit weights. */
  bindings: KernelBinding[]
  params: Kernel['params']
  /** Values of `params`. */
  paramValues: Record<string, number>
  /** By binding name. */
  tensors: Record<string, Tensor>
}

export interface WeightSourceOptions {
  /** f32[272] (quant/layout, codeBookValues) of the weight's type: needed by 4-bit weights. */
  codebook?: Tensor
  /** 'buffer' when left out. */
  code?: CodeMemory
}

/**
 * Where a kernel keeps the 16 values of a 4-bit code: where they are, in memory of each invocation, in workgroup memory
 * (for kernels of at least 16 invocations with a barrier after begin_weights), or over the lanes of a subgroup of 8.
 */
export type CodeMemory = 'buffer' | 'private' | 'workgroup' | 'lanes'

const CODE_INCLUDES: Record<CodeMemory, string> = {
  buffer: codeBuffer,
  private: codePrivate,
  workgroup: codeWorkgroup,
  lanes: codeLanes,
}

/** How a kernel reads `weight` of any format. @throws internal/weight for a 4-bit weight without its code book */
export function weightSource(
  weight: Tensor,
  { codebook, code = 'buffer' }: WeightSourceOptions = {},
): WeightSource {
  const dense = (name: string, element: string, include: string): WeightSource => ({
    name,
    includes: [codeNone, include],
    bindings: [{ name: 'weight', element, access: 'read' }],
    params: [],
    paramValues: {},
    tensors: { weight },
  })
  switch (weight.format) {
    case 'f32':
      return elementCount(weight.shape) % 4 === 0
        ? dense('vec4', 'vec4<f32>', weightVec4)
        : dense('f32', 'f32', weightF32)
    case 'f16':
      return dense('f16', 'u32', weightF16)
    case 'bf16':
      return dense('bf16', 'u32', weightBf16)
    case 'nf4':
    case 'fp4':
      return fourBitSource(weight, codebook, code)
    default:
      throw new StudioError(
        'internal/weight',
        `${weight.name} is stored as ${weight.format}, which is no weight format`,
      )
  }
}

function fourBitSource(weight: Tensor, codebook: Tensor | undefined, code: CodeMemory): WeightSource {
  const { quantization } = weight
  if (!quantization || !codebook) {
    const lacks = quantization ? 'code book' : 'quantization'
    throw new StudioError(
      'internal/weight',
      `${weight.name} is stored as ${weight.format} but comes without its ${lacks}`,
    )
  }
  const { doubleQuant, blockSize } = quantization
  const layout = quantLayout(weight.shape, quantization)
  const scales = layout.scalesOffsetBytes / 4
  const blockShift = Math.log2(blockSize)
  return {
    name: `4bit.${doubleQuant ? 'nested' : 'single'}${code === 'buffer' ? '' : `.${code}`}`,
    includes: [CODE_INCLUDES[code], doubleQuant ? scaleNested : scaleF32, weight4Bit],
    bindings: [
      { name: 'weight', element: 'u32', access: 'read' },
      { name: 'codebook', element: 'f32', access: 'read' },
    ],
    params: [
      { name: 'weightBlockShift', type: 'u32' },
      { name: 'weightScales', type: 'u32' },
      ...(doubleQuant ? [{ name: 'weightNestedScales', type: 'u32' as const }] : []),
    ],
    paramValues: {
      weightBlockShift: blockShift,
      weightScales: scales,
      ...(doubleQuant ? { weightNestedScales: layout.nestedAbsmaxOffsetBytes / 4 } : {}),
    },
    tensors: { weight, codebook },
  }
}

/**
 * weightSource for a matrix [out, in] that is read in runs of a row: adds `load_weight_row4(row, column)` and
 * `load_weight_row8(row, column)`, 4 and 8 consecutive columns, and the latter in two: `run_scale(row, column)` once for
 * params.weightRun columns, and `load_run8(row, column, scale)`. Needs `params.inFeatures`.
 */
export function weightRowSource(weight: Tensor, options: WeightSourceOptions = {}): WeightSource {
  const source = weightSource(weight, options)
  const { name, include, run } = rowAccess(weight)
  return {
    ...source,
    name: `${source.name}.${name}`,
    includes: [...source.includes, include],
    params: [...source.params, { name: 'weightRun', type: 'u32' }],
    paramValues: { ...source.paramValues, weightRun: run },
  }
}

/** A 4-bit word holds 8 columns of one row and one block only where the columns are a multiple of 8. */
function rowAccess({ shape, quantization }: Tensor): { name: string; include: string; run: number } {
  const inFeatures = shape[1]
  if (!quantization || inFeatures % 8 !== 0) {
    return inFeatures % 4 === 0
      ? { name: 'run4', include: rowVec4, run: inFeatures }
      : { name: 'any', include: rowScalar, run: inFeatures }
  }
  const { blockSize } = quantization
  return { name: 'word', include: rowPacked, run: inFeatures % blockSize === 0 ? blockSize : 8 }
}
