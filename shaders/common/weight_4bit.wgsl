// Weights stored in 4 bits (NF4 or FP4 by the code book that is bound), eight codes to a word, the even element of a byte
// in its high nibble. Value = code · scale of the element's block; blocks run over the flat row-major matrix.
// Needs code_value (code_*.wgsl), block_scale (scale_*.wgsl) and params.weightBlockShift = log2(block size).
const LOW_SHIFTS = vec4<u32>(4u, 0u, 12u, 8u);
const HIGH_SHIFTS = vec4<u32>(20u, 16u, 28u, 24u);

fn code_values(codes: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(code_value(codes.x), code_value(codes.y), code_value(codes.z), code_value(codes.w));
}

fn load_weight(index: u32) -> f32 {
  let byte_shift = ((index >> 1u) & 3u) * 8u;
  let code = (weight[index >> 3u] >> (byte_shift + 4u - (index & 1u) * 4u)) & 15u;
  return code_value(code) * block_scale(index >> params.weightBlockShift);
}

fn load_weight4(index4: u32) -> vec4<f32> {
  let half_word = weight[index4 >> 1u] >> ((index4 & 1u) * 16u);
  let codes = (vec4<u32>(half_word) >> LOW_SHIFTS) & vec4<u32>(15u);
  return code_values(codes) * block_scale((index4 << 2u) >> params.weightBlockShift);
}
