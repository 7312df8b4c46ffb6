// Runs of a weight's row, any number of columns. Past the last column come repetitions of it: finite, and the caller
// multiplies them by zero or stores nothing of them.
fn load_weight_row4(row: u32, column: u32) -> vec4<f32> {
  let start = row * params.inFeatures;
  let last = params.inFeatures - 1u;
  return vec4<f32>(
    load_weight(start + min(column, last)),
    load_weight(start + min(column + 1u, last)),
    load_weight(start + min(column + 2u, last)),
    load_weight(start + min(column + 3u, last)),
  );
}

fn load_weight_row8(row: u32, column: u32) -> array<vec4<f32>, 2> {
  return array<vec4<f32>, 2>(load_weight_row4(row, column), load_weight_row4(row, column + 4u));
}

// These have no scale that holds for a run.
fn run_scale(row: u32, column: u32) -> f32 {
  return 1.0;
}

fn load_run8(row: u32, column: u32, scale: f32) -> array<vec4<f32>, 2> {
  return load_weight_row8(row, column);
}
