// product[n, o] (+)= scale · Σ_i left[n, i] · W[o, i]
//
// left [*, in] from row leftFirstRow, W [out, in] of any format, product [*, out] from row productFirstRow, `rows` rows.
// No workgroup memory: an invocation makes 16 rows × 8 outputs in registers, and decodes each word of W once for its
// rows, LANES_ACROSS neighbours side by side. One accumulation in f32 over all of `in`, in order. Rows and outputs past
// the end repeat the last one and are not stored.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = flat_group(group, groups);
  let tiles_across = (params.productWidth + LANES_ACROSS * 8u - 1u) / (LANES_ACROSS * 8u);
  let tile_row = (tile / tiles_across) * (WORKGROUP_X / LANES_ACROSS) * 16u;
  if (tile_row >= params.rows) {
    return;
  }
  begin_left();
  begin_product();
  begin_weights(local);
  let row = tile_row + (local / LANES_ACROSS) * 16u;
  let column = ((tile % tiles_across) * LANES_ACROSS + local % LANES_ACROSS) * 8u;
  let outs_a = outputs4(column);
  let outs_b = outputs4(column + 4u);

  var a0 = mat4x4<f32>();
  var a1 = mat4x4<f32>();
  var a2 = mat4x4<f32>();
  var a3 = mat4x4<f32>();
  var b0 = mat4x4<f32>();
  var b1 = mat4x4<f32>();
  var b2 = mat4x4<f32>();
  var b3 = mat4x4<f32>();
  for (var start = 0u; start < params.inFeatures; start += params.weightRun) {
    let scales_a = run_scales(outs_a, start);
    let scales_b = run_scales(outs_b, start);
    let end = min(start + params.weightRun, params.inFeatures);
    for (var i = start; i < end; i += 8u) {
      let wa = load_weights(outs_a, i, scales_a);
      let wb = load_weights(outs_b, i, scales_b);
      {
        let l0 = load_left_rows(row, i);
        a0 += wa.first * l0;
        b0 += wb.first * l0;
        let l1 = load_left_rows(row + 4u, i);
        a1 += wa.first * l1;
        b1 += wb.first * l1;
        let l2 = load_left_rows(row + 8u, i);
        a2 += wa.first * l2;
        b2 += wb.first * l2;
        let l3 = load_left_rows(row + 12u, i);
        a3 += wa.first * l3;
        b3 += wb.first * l3;
      }
      let l0 = load_left_rows(row, i + 4u);
      a0 += wa.second * l0;
      b0 += wb.second * l0;
      let l1 = load_left_rows(row + 4u, i + 4u);
      a1 += wa.second * l1;
      b1 += wb.second * l1;
      let l2 = load_left_rows(row + 8u, i + 4u);
      a2 += wa.second * l2;
      b2 += wb.second * l2;
      let l3 = load_left_rows(row + 12u, i + 4u);
      a3 += wa.second * l3;
      b3 += wb.second * l3;
    }
  }
  store_rows(row, column, a0, b0);
  store_rows(row + 4u, column, a1, b1);
  store_rows(row + 8u, column, a2, b2);
  store_rows(row + 12u, column, a3, b3);
}

fn outputs4(first: u32) -> vec4<u32> {
  return min(vec4<u32>(first, first + 1u, first + 2u, first + 3u), vec4<u32>(params.productWidth - 1u));
}

fn run_scales(outs: vec4<u32>, column: u32) -> vec4<f32> {
  return vec4<f32>(run_scale(outs.x, column), run_scale(outs.y, column), run_scale(outs.z, column), run_scale(outs.w, column));
}

// 4 outputs (rows) × 4 columns, twice.
struct Weights {
  first: mat4x4<f32>,
  second: mat4x4<f32>,
}

fn load_weights(outs: vec4<u32>, column: u32, scales: vec4<f32>) -> Weights {
  let x = load_run8(outs.x, column, scales.x);
  let y = load_run8(outs.y, column, scales.y);
  let z = load_run8(outs.z, column, scales.z);
  let w = load_run8(outs.w, column, scales.w);
  return Weights(
    transpose(mat4x4<f32>(x[0], y[0], z[0], w[0])),
    transpose(mat4x4<f32>(x[1], y[1], z[1], w[1])),
  );
}
