// y[0] = x[tokenCount - 1]: the row of the last real token
//
// x [N, columns], y [1, columns]; `columns` counts Values. One invocation a Value.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let column = flat_index(group, groups, local);
  if (column >= params.columns) {
    return;
  }
  let row = min(max(step.tokenCount, 1u), params.rows) - 1u;
  y[column] = x[row * params.columns + column];
}
