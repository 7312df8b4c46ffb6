// Runs of a 4-bit weight's row whose columns are a multiple of 8: a word lies in one row and in one block, and is
// decoded once. `column` is a multiple of 8 (row8, run8) or 4 (row4). Past the last column: some value of the row.
fn load_weight_row4(row: u32, column: u32) -> vec4<f32> {
  return load_weight4((row * params.inFeatures + min(column, params.inFeatures - 4u)) >> 2u);
}

fn load_weight_row8(row: u32, column: u32) -> array<vec4<f32>, 2> {
  let inside = min(column, params.inFeatures - 8u);
  return load_run8(row, inside, run_scale(row, inside));
}

// What load_run8 needs for all of a run: params.weightRun columns from a multiple of it on.
fn run_scale(row: u32, column: u32) -> f32 {
  return block_scale((row * params.inFeatures + column) >> params.weightBlockShift);
}

fn load_run8(row: u32, column: u32, scale: f32) -> array<vec4<f32>, 2> {
  let word = vec4<u32>(weight[(row * params.inFeatures + column) >> 3u]);
  return array<vec4<f32>, 2>(
    code_values((word >> LOW_SHIFTS) & vec4<u32>(15u)) * scale,
    code_values((word >> HIGH_SHIFTS) & vec4<u32>(15u)) * scale,
  );
}
