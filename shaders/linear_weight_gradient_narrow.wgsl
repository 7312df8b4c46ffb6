// product[part, o, i] (+)= scale · Σ_n gradient[n, o] · left[leftFirstRow + n, i],  n in the part's rows
//
// gradient [rows, out] (dy), left [*, in] (x), product [parts, out, in] (dW, or its partial sums, which
// linear_sum_parts.wgsl adds in order). An invocation makes 4 outputs × 4 columns of one part, adjacent ones have adjacent
// columns. One accumulation in f32 over the part's rows, in order.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(group, groups, local);
  let across = (params.leftWidth + 3u) / 4u;
  let down = (params.outFeatures + 3u) / 4u;
  let part = index / (across * down);
  let out = (index / across % down) * 4u;
  let column = (index % across) * 4u;
  let first_row = part * params.rowsPerPart;
  if (first_row >= params.rows) {
    return;
  }
  begin_left();
  begin_product();
  let end_row = min(first_row + params.rowsPerPart, params.rows);
  var a0 = vec4<f32>(0.0);
  var a1 = vec4<f32>(0.0);
  var a2 = vec4<f32>(0.0);
  var a3 = vec4<f32>(0.0);
  for (var row = first_row; row < end_row; row++) {
    let l = load_left4(params.leftFirstRow + row, column);
    let g = load_gradient4(row, out);
    a0 += g.x * l;
    a1 += g.y * l;
    a2 += g.z * l;
    a3 += g.w * l;
  }
  let to = part * params.outFeatures + out;
  let count = params.outFeatures - out;
  store_product4(to, column, a0);
  if (count > 1u) {
    store_product4(to + 1u, column, a1);
  }
  if (count > 2u) {
    store_product4(to + 2u, column, a2);
  }
  if (count > 3u) {
    store_product4(to + 3u, column, a3);
  }
}
