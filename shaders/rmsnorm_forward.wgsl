// y = x · rstd · weight,  rstd = 1 / √(mean(x²) + eps)
//
// x, y [rows, columns] of Values, the weight [columns] is read through load_weight_value, rstd [rows]. The include says
// which invocations share a row. Sums in f32.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = row_of(flat_group(group, groups), local);
  if (row >= params.rows) {
    return;
  }
  let start = row * params.columns;
  var squares = Value(0.0);
  for (var c = lane_of(local); c < params.columns; c += LANES) {
    let value = x[start + c];
    squares += value * value;
  }
  let scale = inverseSqrt(row_sum(sum_of(squares), local) * params.inverseWidth + params.eps);
  for (var c = lane_of(local); c < params.columns; c += LANES) {
    y[start + c] = x[start + c] * scale * load_weight_value(c);
  }
  if (lane_of(local) == 0u) {
    rstd[row] = scale;
  }
}
