// y = x + branch
//
// x, branch, y [count] of Value. One invocation a Value. f32.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(group, groups, local);
  if (index >= params.count) {
    return;
  }
  y[index] = x[index] + branch[index];
}
