// product[n, o] (+)= scale · Σ_i left[n, i] · W[o, i]
//
// Shapes as in linear_forward_plain.wgsl, for so few rows that reading W is all the work (a token at a time): the lanes
// of rows_*.wgsl share one element of the product, 8 columns each at a time, and add up in a fixed order. f32.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let element = row_of(flat_group(group, groups), local);
  if (element >= params.rows * params.productWidth) {
    return;
  }
  begin_left();
  begin_product();
  begin_weights(local);
  let row = element / params.productWidth;
  let column = element % params.productWidth;
  let left_row = params.leftFirstRow + row;
  var sum = vec4<f32>(0.0);
  for (var i = lane_of(local) * 8u; i < params.inFeatures; i += LANES * 8u) {
    let weights = load_weight_row8(column, i);
    sum += load_left4(left_row, i) * weights[0];
    if (i + 4u < params.inFeatures) {
      sum += load_left4(left_row, i + 4u) * weights[1];
    }
  }
  let total = row_sum((sum.x + sum.y) + (sum.z + sum.w), local);
  if (lane_of(local) == 0u) {
    store_product(params.productFirstRow + row, column, total);
  }
}
