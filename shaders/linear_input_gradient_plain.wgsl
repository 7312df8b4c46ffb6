// product[n, i] (+)= scale · Σ_o left[n, o] · W[o, i],  o from firstOut to endOut
//
// left [*, out] (dy) from row leftFirstRow, W [out, in] of any format, product [*, in] (dx) from row productFirstRow,
// `rows` rows. firstOut is a multiple of 4, endOut is one or the last output. No workgroup memory: an invocation makes
// 8 rows × 8 columns in registers, and decodes each word of W once for its rows, params.lanesAcross neighbours side by side.
// One accumulation in f32 over the range, in order. Rows past the end repeat the last one and are not stored.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = flat_group(group, groups);
  let tiles_across = (params.productWidth + params.lanesAcross * 8u - 1u) / (params.lanesAcross * 8u);
  let tile_row = (tile / tiles_across) * (WORKGROUP_X / params.lanesAcross) * 8u;
  if (tile_row >= params.rows) {
    return;
  }
  begin_left();
  begin_product();
  begin_weights(local);
  let row = tile_row + (local / params.lanesAcross) * 8u;
  let column = ((tile % tiles_across) * params.lanesAcross + local % params.lanesAcross) * 8u;
  let last_out = params.endOut - 1u;

  var a0 = mat4x4<f32>();
  var a1 = mat4x4<f32>();
  var b0 = mat4x4<f32>();
  var b1 = mat4x4<f32>();
  for (var o = params.firstOut; o < params.endOut; o += 4u) {
    let x = load_weight_row8(o, column);
    let y = load_weight_row8(min(o + 1u, last_out), column);
    let z = load_weight_row8(min(o + 2u, last_out), column);
    let w = load_weight_row8(min(o + 3u, last_out), column);
    let wa = mat4x4<f32>(x[0], y[0], z[0], w[0]);
    let wb = mat4x4<f32>(x[1], y[1], z[1], w[1]);
    let l0 = load_left_rows(row, o);
    a0 += wa * l0;
    b0 += wb * l0;
    let l1 = load_left_rows(row + 4u, o);
    a1 += wa * l1;
    b1 += wb * l1;
  }
  store_rows(row, column, a0, b0);
  store_rows(row + 4u, column, a1, b1);
}
