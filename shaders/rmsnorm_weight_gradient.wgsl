// dweight[part, c] (+)= Σ_n dy[n, c] · x[n, c] · rstd[n],  n in the part's rows
//
// dy, x [rows, columns] of Values, rstd [rows], dweight [parts, columns] of Values (the gradient itself, or its partial
// sums, which linear_sum_parts.wgsl adds in order). One invocation a Value of one part, adjacent ones have adjacent columns.
// One accumulation in f32 over the part's rows, in order; params.accumulate says whether dweight's old value counts.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(group, groups, local);
  let part = index / params.columns;
  let column = index % params.columns;
  let first_row = part * params.rowsPerPart;
  if (first_row >= params.rows) {
    return;
  }
  let end_row = min(first_row + params.rowsPerPart, params.rows);
  var sum = Value(0.0);
  for (var row = first_row; row < end_row; row++) {
    let at = row * params.columns + column;
    sum += dy[at] * x[at] * rstd[row];
  }
  if (params.accumulate != 0u) {
    sum += dweight[index];
  }
  dweight[index] = sum;
}
