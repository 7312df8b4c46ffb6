// dx = dy, or dx += dy
//
// dy, dx [count] of Value. One invocation a Value. f32; params.accumulate says whether dx's old value counts.
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
  var sum = dy[index];
  if (params.accumulate != 0u) {
    sum += dx[index];
  }
  dx[index] = sum;
}
