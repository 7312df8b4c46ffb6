// Weights stored as f32, one element at a time: for element counts that are not multiples of 4.
fn load_weight(index: u32) -> f32 {
  return weight[index];
}

fn load_weight4(index4: u32) -> vec4<f32> {
  let at = index4 * 4u;
  return vec4<f32>(weight[at], weight[at + 1u], weight[at + 2u], weight[at + 3u]);
}
