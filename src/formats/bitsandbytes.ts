import { type Dtype, encodeFloat32 } from './dtype.ts'
import { type FileProblem, fileError } from './file-error.ts'
import { JsonFields, parseJsonObject, shown } from './json.ts'
import type { StoredTensor } from './safetensors.ts'
import type { TensorToWrite } from './safetensors-writer.ts'

/**
 * How bitsandbytes stores a 4-bit matrix in safetensors (the `…-bnb-4bit` repositories): the packed codes under the
 * weight's own name, beside them the scales, the values of the codes, and a small JSON object as bytes.
 */
export interface BitsandbytesMatrix {
  readonly type: 'nf4' | 'fp4'
  readonly blockSize: number
  /** [out, in] */
  readonly shape: readonly number[]
  /** ⌈elements / 2⌉ bytes, the even element in the high nibble. */
  readonly packed: Uint8Array
  /** Values of the 16 codes. */
  readonly code: Float32Array
  readonly scales: Float32Array | BitsandbytesNestedScales
}

export interface BitsandbytesNestedScales {
  readonly codes: Uint8Array
  /** One for every 256 scales. */
  readonly nestedAbsmax: Float32Array
  readonly nestedOffset: number
  /** Values of the 256 codes: a file's own ones differ in the last bits between versions of PyTorch. */
  readonly nestedCode: Float32Array
}

/** The dtype that the weights had, as PyTorch names it. */
export type TorchDtype = 'float32' | 'float16' | 'bfloat16'

const NESTED_BLOCK_SIZE = 256
const ANEW = 'download the file again, or quantize the 16-bit checkpoint anew'
const stateSuffix = (type: string) => `.quant_state.bitsandbytes__${type}`

/** The tensors that stand for the weight `name` in a checkpoint. */
export function bitsandbytesTensors(
  name: string,
  matrix: BitsandbytesMatrix,
  dtype: TorchDtype,
): TensorToWrite[] {
  const { type, blockSize, shape, packed, code, scales } = matrix
  const tensor = (suffix: string, kind: Dtype, size: readonly number[], data: Uint8Array): TensorToWrite => ({
    name: name + suffix,
    dtype: kind,
    shape: size,
    data,
  })
  const floats = (suffix: string, values: Float32Array) =>
    tensor(suffix, 'F32', [values.length], encodeFloat32(values, 'F32'))
  const tensors = [tensor('', 'U8', [packed.length, 1], packed), floats('.quant_map', code)]
  const state: Record<string, unknown> = { quant_type: type, blocksize: blockSize, dtype, shape }
  if (scales instanceof Float32Array) tensors.push(floats('.absmax', scales))
  else {
    tensors.push(
      tensor('.absmax', 'U8', [scales.codes.length], scales.codes),
      floats('.nested_absmax', scales.nestedAbsmax),
      floats('.nested_quant_map', scales.nestedCode),
    )
    state.nested_blocksize = NESTED_BLOCK_SIZE
    state.nested_dtype = 'float32'
    state.nested_offset = scales.nestedOffset
  }
  const json = new TextEncoder().encode(JSON.stringify(state))
  tensors.push(tensor(stateSuffix(type), 'U8', [json.length], json))
  return tensors
}

/** Whether the weight `name` is stored in bitsandbytes' 4 bits: its quant_state decides, never its name. */
export const isBitsandbytesWeight = (tensors: ReadonlyMap<string, StoredTensor>, name: string): boolean =>
  tensors.has(name + stateSuffix('nf4')) || tensors.has(name + stateSuffix('fp4'))

/**
 * Reads the weight `name` back.
 * @throws input/bitsandbytes with every problem of its tensors
 */
export async function readBitsandbytesMatrix(
  tensors: ReadonlyMap<string, StoredTensor>,
  name: string,
): Promise<BitsandbytesMatrix> {
  const type = tensors.has(name + stateSuffix('fp4')) ? 'fp4' : 'nf4'
  const stateTensor = tensors.get(name + stateSuffix(type))
  if (!stateTensor)
    throw fileError('bitsandbytes', [{ message: `tensor "${name}" has no quant_state`, fix: ANEW }])
  const text = new TextDecoder().decode(await stateTensor.readBytes())
  const fields = new JsonFields(
    parseJsonObject(text, stateTensor.name, 'bitsandbytes'),
    stateTensor.name,
    ANEW,
  )
  if (fields.object.quant_type !== type)
    fields.fail('quant_type', `must be "${type}", found ${shown(fields.object.quant_type)}`)
  const blockSize = fields.integer('blocksize', { min: 32, max: 4096 })
  if (!Number.isInteger(Math.log2(blockSize)))
    fields.fail('blocksize', `must be a power of two, found ${blockSize}`)
  const shape = fields.object.shape as number[]
  if (
    !Array.isArray(shape) ||
    shape.length !== 2 ||
    !shape.every((size) => Number.isSafeInteger(size) && size > 0)
  ) {
    fields.fail('shape', `must be [out, in], found ${shown(shape)}`)
  }
  const nested = fields.has('nested_offset') || fields.has('nested_blocksize')
  if (nested && fields.integer('nested_blocksize') !== NESTED_BLOCK_SIZE) {
    fields.fail('nested_blocksize', `must be ${NESTED_BLOCK_SIZE}`)
  }
  const nestedOffset = nested ? fields.number('nested_offset') : 0
  if (fields.problems.length > 0) throw fileError('bitsandbytes', fields.problems)

  const elements = shape[0] * shape[1]
  const blocks = Math.ceil(elements / blockSize)
  const problems: FileProblem[] = []
  const take = (suffix: string, dtype: Dtype | null, length: number): StoredTensor | undefined => {
    const tensor = tensors.get(name + suffix)
    if (!tensor) problems.push({ message: `tensor "${name}${suffix}" is missing`, fix: ANEW })
    else if (dtype ? tensor.dtype !== dtype || tensor.elements !== length : tensor.sizeBytes !== length) {
      const found = `${tensor.dtype} [${tensor.shape}]`
      problems.push({
        message: `tensor "${name}${suffix}" is ${found}, expected ${dtype ?? 'U8'} [${length}]`,
        fix: ANEW,
      })
    }
    return tensor
  }
  // The packed bytes may be declared as another dtype (bnb_4bit_quant_storage); their number tells.
  const packed = take('', null, Math.ceil(elements / 2))
  const code = take('.quant_map', 'F32', 16)
  const absmax = take('.absmax', nested ? 'U8' : 'F32', blocks)
  const nestedAbsmax = nested
    ? take('.nested_absmax', 'F32', Math.ceil(blocks / NESTED_BLOCK_SIZE))
    : undefined
  const nestedCode = nested ? take('.nested_quant_map', 'F32', 256) : undefined
  if (problems.length > 0 || !packed || !code || !absmax) throw fileError('bitsandbytes', problems)
  const scales =
    nestedAbsmax && nestedCode
      ? {
          codes: await absmax.readBytes(),
          nestedAbsmax: await nestedAbsmax.readFloat32(),
          nestedOffset,
          nestedCode: await nestedCode.readFloat32(),
        }
      : await absmax.readFloat32()
  return { type, blockSize, shape, packed: await packed.readBytes(), code: await code.readFloat32(), scales }
}

/** config.json's `quantization_config` for such a checkpoint. */
export function bitsandbytesQuantizationConfig(
  format: { type: 'nf4' | 'fp4'; doubleQuant: boolean },
  computeDtype: TorchDtype,
  skipModules: readonly string[] | null = null,
): Record<string, unknown> {
  return {
    _load_in_4bit: true,
    _load_in_8bit: false,
    bnb_4bit_compute_dtype: computeDtype,
    bnb_4bit_quant_storage: 'uint8',
    bnb_4bit_quant_type: format.type,
    bnb_4bit_use_double_quant: format.doubleQuant,
    llm_int8_enable_fp32_cpu_offload: false,
    llm_int8_has_fp16_weight: false,
    llm_int8_skip_modules: skipModules,
    llm_int8_threshold: 6.0,
    load_in_4bit: true,
    load_in_8bit: false,
    quant_method: 'bitsandbytes',
  }
}
