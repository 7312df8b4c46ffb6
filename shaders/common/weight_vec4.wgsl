// Weights stored as f32, bound as vec4.
fn load_weight(index: u32) -> f32 {
  return weight[index >> 2u][index & 3u];
}

fn load_weight4(index4: u32) -> vec4<f32> {
  return weight[index4];
}
