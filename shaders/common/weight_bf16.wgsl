// Weights stored as bfloat16, two to a word, the even element in the low half: the upper half of an f32.
fn load_weight(index: u32) -> f32 {
  let word = weight[index >> 1u];
  return bitcast<f32>(select(word << 16u, word & 0xffff0000u, (index & 1u) == 1u));
}

fn load_weight4(index4: u32) -> vec4<f32> {
  let low = weight[index4 * 2u];
  let high = weight[index4 * 2u + 1u];
  return bitcast<vec4<f32>>(vec4<u32>(low << 16u, low & 0xffff0000u, high << 16u, high & 0xffff0000u));
}
