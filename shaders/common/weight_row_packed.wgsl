// Runs of a 4-bit weight's row whose columns are a multiple of 8: a word lies in one row and in one block, and is
// decoded once. `column` is a multiple of 8 (row8) or 4 (row4). Past the last column: some value of the row.
fn load_weight_row4(row: u32, column: u32) -> vec4<f32> {
  return load_weight4((row * params.inFeatures + min(column, params.inFeatures - 4u)) >> 2u);
}

fn load_weight_row8(row: u32, column: u32) -> array<vec4<f32>, 2> {
  let index = row * params.inFeatures + min(column, params.inFeatures - 8u);
  let word = vec4<u32>(weight[index >> 3u]);
  let scale = block_scale(index >> params.weightBlockShift);
  return array<vec4<f32>, 2>(
    code_values((word >> LOW_SHIFTS) & vec4<u32>(15u)) * scale,
    code_values((word >> HIGH_SHIFTS) & vec4<u32>(15u)) * scale,
  );
}
