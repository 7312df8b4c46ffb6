// statistics[row] = (lse, delta), delta = Σ dO · o: what the backward needs of each row of q, in one tensor
//
// o, dO [rows, HD] in vec4, lse [rows]. One invocation a row. f32.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = flat_index(group, groups, local);
  if (row >= params.rows) {
    return;
  }
  var products = vec4<f32>(0.0);
  for (var d = 0u; d < HEAD_DIM4; d++) {
    products += dO[row * HEAD_DIM4 + d] * o[row * HEAD_DIM4 + d];
  }
  statistics[row] = vec2<f32>(lse[row], (products.x + products.y) + (products.z + products.w));
}
