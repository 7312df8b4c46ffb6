// Runs of a weight's row whose columns are a multiple of 4; `column` is one too. Past the last column: some value of the row.
fn load_weight_row4(row: u32, column: u32) -> vec4<f32> {
  return load_weight4((row * params.inFeatures + min(column, params.inFeatures - 4u)) >> 2u);
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
