// total[i] (+)= Σ_p partial[p, i], in the order of p
//
// partial [parts, count], total [count]. One invocation an element. f32.
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
  var sum = 0.0;
  for (var part = 0u; part < params.parts; part++) {
    sum += parts[part * params.count + index];
  }
  if (params.accumulate != 0u) {
    sum += total[index];
  }
  total[index] = sum;
}
