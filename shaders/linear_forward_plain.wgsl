// product[n, o] (+)= scale · Σ_i left[n, i] · W[o, i]
//
// left [*, in] from row leftFirstRow, W [out, in] of any format, product [*, out] from row productFirstRow, `rows` rows.
// No workgroup memory: an invocation makes 8 rows × 8 outputs in registers, and decodes each word of W once for its
// rows, params.lanesAcross neighbours side by side. One accumulation in f32 over all of `in`, in order. Rows and outputs past
// the end repeat the last one and are not stored.
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
  let outs_a = outputs4(column);
  let outs_b = outputs4(column + 4u);

  var a0 = mat4x4<f32>();
  var a1 = mat4x4<f32>();
  var b0 = mat4x4<f32>();
  var b1 = mat4x4<f32>();
  for (var start = 0u; start < params.inFeatures; start += params.weightRun) {
    let scales_a = run_scales(outs_a, start);
    let scales_b = run_scales(outs_b, start);
    let end = min(start + params.weightRun, params.inFeatures);
    for (var i = start; i < end; i += 8u) {
      let weights_a = load_weights(outs_a, i, scales_a);
      let weights_b = load_weights(outs_b, i, scales_b);
      var wa = weights_a.first;
      var wb = weights_b.first;
      for (var half = 0u; half < 8u; half += 4u) {
        let l0 = load_left_rows(row, i + half);
        a0 += wa * l0;
        b0 += wb * l0;
        let l1 = load_left_rows(row + 4u, i + half);
        a1 += wa * l1;
        b1 += wb * l1;
        wa = weights_a.second;
        wb = weights_b.second;
      }
    }
  }
  store_rows(row, column, a0, b0);
  store_rows(row + 4u, column, a1, b1);
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
