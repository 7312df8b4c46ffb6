// product[n, i] (+)= scale · Σ_o left[n, o] · W[o, i],  o from firstOut to endOut
//
// left [*, out] (dy) from row leftFirstRow, W [out, in] of any format, product [*, in] (dx) from row productFirstRow,
// `rows` rows. firstOut is a multiple of 4. No workgroup memory: an invocation makes 8 rows × 4 columns in registers,
// adjacent ones have adjacent columns. One accumulation in f32 over the range, in order. Rows past the end repeat the
// last one and are not stored.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(local_invocation_index) local_index: u32,
) {
  let tile = flat_group(group, groups);
  let tiles_across = (params.productWidth + WORKGROUP_X * 4u - 1u) / (WORKGROUP_X * 4u);
  let row = ((tile / tiles_across) * WORKGROUP_Y + local.y) * 8u;
  let column = ((tile % tiles_across) * WORKGROUP_X + local.x) * 4u;
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
  let left4 = params.leftFirstRow + min(row + 4u, last_row);
  let left5 = params.leftFirstRow + min(row + 5u, last_row);
  let left6 = params.leftFirstRow + min(row + 6u, last_row);
  let left7 = params.leftFirstRow + min(row + 7u, last_row);
  let last_out = params.endOut - 1u;

  var a0 = vec4<f32>(0.0);
  var a1 = vec4<f32>(0.0);
  var a2 = vec4<f32>(0.0);
  var a3 = vec4<f32>(0.0);
  var a4 = vec4<f32>(0.0);
  var a5 = vec4<f32>(0.0);
  var a6 = vec4<f32>(0.0);
  var a7 = vec4<f32>(0.0);
  for (var o = params.firstOut; o < params.endOut; o += 4u) {
    // load_left4 gives zeros past the last output.
    let w = mat4x4<f32>(
      load_weight_row4(o, column),
      load_weight_row4(min(o + 1u, last_out), column),
      load_weight_row4(min(o + 2u, last_out), column),
      load_weight_row4(min(o + 3u, last_out), column),
    );
    a0 += w * load_left4(left0, o);
    a1 += w * load_left4(left1, o);
    a2 += w * load_left4(left2, o);
    a3 += w * load_left4(left3, o);
    a4 += w * load_left4(left4, o);
    a5 += w * load_left4(left5, o);
    a6 += w * load_left4(left6, o);
    a7 += w * load_left4(left7, o);
  }

  let first = params.productFirstRow + row;
  let count = params.rows - row;
  store_product4(first, column, a0);
  if (count > 1u) {
    store_product4(first + 1u, column, a1);
  }
  if (count > 2u) {
    store_product4(first + 2u, column, a2);
  }
  if (count > 3u) {
    store_product4(first + 3u, column, a3);
  }
  if (count > 4u) {
    store_product4(first + 4u, column, a4);
  }
  if (count > 5u) {
    store_product4(first + 5u, column, a5);
  }
  if (count > 6u) {
    store_product4(first + 6u, column, a6);
  }
  if (count > 7u) {
    store_product4(first + 7u, column, a7);
  }
}
