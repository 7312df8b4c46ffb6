// gradient [N, params.outFeatures], a multiple of 4, bound as vec4: past the last column come repetitions of the last 4.
fn begin_gradient() {
}

fn load_gradient4(row: u32, column: u32) -> vec4<f32> {
  return gradient[(row * params.outFeatures + min(column, params.outFeatures - 4u)) >> 2u];
}

fn load_gradient8(row: u32, column: u32) -> mat2x4<f32> {
  return mat2x4<f32>(load_gradient4(row, column), load_gradient4(row, column + 4u));
}
