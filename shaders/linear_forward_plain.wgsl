// product[n, o] (+)= scale · Σ_i left[n, i] · W[o, i]
//
// left [*, in] from row leftFirstRow, W [out, in] of any format, product [*, out] from row productFirstRow, `rows` rows.
// No workgroup memory: an invocation makes 4 rows × 8 outputs in registers, adjacent ones have adjacent outputs. One
// accumulation in f32 over all of `in`, in order. Rows and outputs past the end repeat the last one and are not stored.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(local_invocation_index) local_index: u32,
) {
  let tile = flat_group(group, groups);
  let tiles_across = (params.productWidth + WORKGROUP_X * 8u - 1u) / (WORKGROUP_X * 8u);
  let row = ((tile / tiles_across) * WORKGROUP_Y + local.y) * 4u;
  let column = ((tile % tiles_across) * WORKGROUP_X + local.x) * 8u;
  if (row >= params.rows || column >= params.productWidth) {
    return;
  }
  begin_left();
  begin_product();
  let last_row = params.rows - 1u;
  let left0 = params.leftFirstRow + row;
  let left1 = params.leftFirstRow + min(row + 1u, last_row);
  let left2 = params.leftFirstRow + min(row + 2u, last_row);
  let left3 = params.leftFirstRow + min(row + 3u, last_row);
  let last_column = params.productWidth - 1u;
  let o1 = min(column + 1u, last_column);
  let o2 = min(column + 2u, last_column);
  let o3 = min(column + 3u, last_column);
  let o4 = min(column + 4u, last_column);
  let o5 = min(column + 5u, last_column);
  let o6 = min(column + 6u, last_column);
  let o7 = min(column + 7u, last_column);

  var a0 = vec4<f32>(0.0);
  var a1 = vec4<f32>(0.0);
  var a2 = vec4<f32>(0.0);
  var a3 = vec4<f32>(0.0);
  var b0 = vec4<f32>(0.0);
  var b1 = vec4<f32>(0.0);
  var b2 = vec4<f32>(0.0);
  var b3 = vec4<f32>(0.0);
  for (var i = 0u; i < params.inFeatures; i += 4u) {
    let wa = mat4x4<f32>(load_weight_row4(column, i), load_weight_row4(o1, i), load_weight_row4(o2, i), load_weight_row4(o3, i));
    let wb = mat4x4<f32>(load_weight_row4(o4, i), load_weight_row4(o5, i), load_weight_row4(o6, i), load_weight_row4(o7, i));
    let l0 = load_left4(left0, i);
    a0 += l0 * wa;
    b0 += l0 * wb;
    let l1 = load_left4(left1, i);
    a1 += l1 * wa;
    b1 += l1 * wb;
    let l2 = load_left4(left2, i);
    a2 += l2 * wa;
    b2 += l2 * wb;
    let l3 = load_left4(left3, i);
    a3 += l3 * wa;
    b3 += l3 * wb;
  }

  let first = params.productFirstRow + row;
  let count = params.rows - row;
  store_product4(first, column, a0);
  store_product4(first, column + 4u, b0);
  if (count > 1u) {
    store_product4(first + 1u, column, a1);
    store_product4(first + 1u, column + 4u, b1);
  }
  if (count > 2u) {
    store_product4(first + 2u, column, a2);
    store_product4(first + 2u, column + 4u, b2);
  }
  if (count > 3u) {
    store_product4(first + 3u, column, a3);
    store_product4(first + 3u, column + 4u, b3);
  }
}
