// With g = dy · weight:  dx = rstd · g − x · rstd³ · mean(g · x)
//
// dy, x, dx [rows, columns] of Values, the weight [columns] is read through load_weight_value, rstd [rows]. The include
// says which invocations share a row. Sums in f32; params.accumulate says whether dx's old value counts.
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
  var products = Value(0.0);
  for (var c = lane_of(local); c < params.columns; c += LANES) {
    products += dy[start + c] * load_weight_value(c) * x[start + c];
  }
  let r = rstd[row];
  let along_x = row_sum(sum_of(products), local) * params.inverseWidth * r * r;
  for (var c = lane_of(local); c < params.columns; c += LANES) {
    var d = r * (dy[start + c] * load_weight_value(c) - x[start + c] * along_x);
    if (params.accumulate != 0u) {
      d += dx[start + c];
    }
    dx[start + c] = d;
  }
}
