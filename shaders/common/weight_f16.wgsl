// Weights stored as IEEE binary16, two to a word, the even element in the low half. Decoded with integers: unpack2x16float
// may flush subnormal halves to zero.
fn decode_halves(halves: vec4<u32>) -> vec4<f32> {
  let sign = (halves & vec4<u32>(0x8000u)) << vec4<u32>(16u);
  let exponent = (halves >> vec4<u32>(10u)) & vec4<u32>(31u);
  let mantissa = halves & vec4<u32>(1023u);
  // Infinities and NaNs have exponent 31, which becomes 255.
  let rebiased = select(exponent + vec4<u32>(112u), vec4<u32>(255u), exponent == vec4<u32>(31u));
  let normal = bitcast<vec4<f32>>(sign | (rebiased << vec4<u32>(23u)) | (mantissa << vec4<u32>(13u)));
  // A subnormal half counts units of 2^-24, which is a normal f32.
  let units = vec4<f32>(mantissa) * vec4<f32>(5.9604644775390625e-8);
  let subnormal = bitcast<vec4<f32>>(bitcast<vec4<u32>>(units) | sign);
  return select(normal, subnormal, exponent == vec4<u32>(0u));
}

fn load_weight(index: u32) -> f32 {
  let half = (weight[index >> 1u] >> ((index & 1u) * 16u)) & 0xffffu;
  return decode_halves(vec4<u32>(half)).x;
}

fn load_weight4(index4: u32) -> vec4<f32> {
  let low = weight[index4 * 2u];
  let high = weight[index4 * 2u + 1u];
  return decode_halves(vec4<u32>(low & 0xffffu, low >> 16u, high & 0xffffu, high >> 16u));
}
