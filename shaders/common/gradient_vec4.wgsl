// gradient [N, params.outFeatures], a multiple of 4, bound as vec4.
fn load_gradient4(row: u32, column: u32) -> vec4<f32> {
  return gradient[(row * params.outFeatures + column) >> 2u];
}
