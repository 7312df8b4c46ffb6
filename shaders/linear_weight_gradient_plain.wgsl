// product[part, o, i] (+)= scale · Σ_n gradient[n, o] · left[leftFirstRow + n, i],  n in the part's rows
//
// gradient [rows, out] (dy), left [*, in] (x), product [parts, out, in] (dW, or its partial sums, which
// linear_sum_parts.wgsl adds in order). No workgroup memory: an invocation makes 8 outputs × 8 columns of one part in
// registers, params.lanesAcross neighbours side by side. One accumulation in f32 over the part's rows, in order. Outputs past
// the end repeat others or hold anything; they are not stored.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = flat_group(group, groups);
  let tile_outs = (WORKGROUP_X / params.lanesAcross) * 8u;
  let across = (params.leftWidth + params.lanesAcross * 8u - 1u) / (params.lanesAcross * 8u);
  let down = (params.outFeatures + tile_outs - 1u) / tile_outs;
  let part = tile / (across * down);
  let first_row = part * params.rowsPerPart;
  if (first_row >= params.rows) {
    return;
  }
  begin_left();
  begin_gradient();
  begin_product();
  let out = (tile / across % down) * tile_outs + (local / params.lanesAcross) * 8u;
  let column = ((tile % across) * params.lanesAcross + local % params.lanesAcross) * 8u;
  let end_row = min(first_row + params.rowsPerPart, params.rows);

  var a0 = mat4x4<f32>();
  var a1 = mat4x4<f32>();
  var b0 = mat4x4<f32>();
  var b1 = mat4x4<f32>();
  for (var row = first_row; row < end_row; row++) {
    let g = load_gradient8(row, out);
    let la = load_left4(params.leftFirstRow + row, column);
    let lb = load_left4(params.leftFirstRow + row, column + 4u);
    a0 += outer(la, g[0]);
    b0 += outer(lb, g[0]);
    a1 += outer(la, g[1]);
    b1 += outer(lb, g[1]);
  }
  store_outs(part, out, column, a0, b0);
  store_outs(part, out + 4u, column, a1, b1);
}

fn outer(column: vec4<f32>, row: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(column * row.x, column * row.y, column * row.z, column * row.w);
}

// 4 consecutive outputs, those that there are: columns 0 to 3 in a, 4 to 7 in b.
fn store_outs(part: u32, out: u32, column: u32, a: mat4x4<f32>, b: mat4x4<f32>) {
  var values_a = a;
  var values_b = b;
  for (var i = 0u; i < 4u && out + i < params.outFeatures; i++) {
    let to = part * params.outFeatures + out + i;
    if (column < params.leftWidth) {
      store_product4(to, column, values_a[i]);
    }
    if (column + 4u < params.leftWidth) {
      store_product4(to, column + 4u, values_b[i]);
    }
  }
}
