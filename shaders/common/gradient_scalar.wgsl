// gradient [N, params.outFeatures], any width: past the last column come repetitions of it.
fn begin_gradient() {
}

fn load_gradient4(row: u32, column: u32) -> vec4<f32> {
  let start = row * params.outFeatures;
  let last = params.outFeatures - 1u;
  return vec4<f32>(
    gradient[start + min(column, last)],
    gradient[start + min(column + 1u, last)],
    gradient[start + min(column + 2u, last)],
    gradient[start + min(column + 3u, last)],
  );
}

fn load_gradient8(row: u32, column: u32) -> mat2x4<f32> {
  return mat2x4<f32>(load_gradient4(row, column), load_gradient4(row, column + 4u));
}
