// product[n, o] (+)= scale · Σ_i left[n, i] · W[o, i]
//
// Shapes as in linear_forward_plain.wgsl. A workgroup of 16 × 16 makes 64 rows × 128 outputs from tiles of 16 columns in
// workgroup memory; each invocation decodes one run of 8 weights (one word of a 4-bit weight) a tile, and makes 4 rows ×
// 8 outputs in registers, 16 apart so that neighbours read and write neighbouring places. The next tile is fetched while
// this one is used. One accumulation in f32 over all of `in`, in order.
const TILE_ROWS = 64u;
const TILE_OUT = 128u;
const TILE_IN = 16u;
// vec4s from one row of a tile to the next: 4 and one of padding against bank conflicts.
const STRIDE = 5u;

var<workgroup> left_tile: array<vec4<f32>, 320>;
var<workgroup> weight_tile: array<vec4<f32>, 640>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = flat_group(group, groups);
  let tiles_across = (params.productWidth + TILE_OUT - 1u) / TILE_OUT;
  let tile_row = (tile / tiles_across) * TILE_ROWS;
  let tile_column = (tile % tiles_across) * TILE_OUT;
  if (tile_row >= params.rows) {
    return;
  }
  begin_left();
  begin_product();
  begin_weights(local);
  workgroupBarrier();

  // What this invocation fetches of every tile.
  let left_row = params.leftFirstRow + min(tile_row + local / 4u, params.rows - 1u);
  let left_column = (local % 4u) * 4u;
  let left_at = (local / 4u) * STRIDE + local % 4u;
  let weight_row = min(tile_column + local / 2u, params.productWidth - 1u);
  let weight_column = (local % 2u) * 8u;
  let weight_at = (local / 2u) * STRIDE + (local % 2u) * 2u;
  // What it makes.
  let x = local % 16u;
  let y = local / 16u;

  var a0 = vec4<f32>(0.0);
  var a1 = vec4<f32>(0.0);
  var a2 = vec4<f32>(0.0);
  var a3 = vec4<f32>(0.0);
  var b0 = vec4<f32>(0.0);
  var b1 = vec4<f32>(0.0);
  var b2 = vec4<f32>(0.0);
  var b3 = vec4<f32>(0.0);
  var next_left = fetch_left(left_row, left_column);
  var next_weights = load_weight_row8(weight_row, weight_column);
  for (var i = 0u; i < params.inFeatures; i += TILE_IN) {
    left_tile[left_at] = next_left;
    weight_tile[weight_at] = next_weights[0];
    weight_tile[weight_at + 1u] = next_weights[1];
    workgroupBarrier();
    if (i + TILE_IN < params.inFeatures) {
      next_left = fetch_left(left_row, i + TILE_IN + left_column);
      next_weights = load_weight_row8(weight_row, i + TILE_IN + weight_column);
    }
    for (var k = 0u; k < 4u; k++) {
      let w = x * STRIDE + k;
      let wa = mat4x4<f32>(
        weight_tile[w],
        weight_tile[w + 16u * STRIDE],
        weight_tile[w + 32u * STRIDE],
        weight_tile[w + 48u * STRIDE],
      );
      let wb = mat4x4<f32>(
        weight_tile[w + 64u * STRIDE],
        weight_tile[w + 80u * STRIDE],
        weight_tile[w + 96u * STRIDE],
        weight_tile[w + 112u * STRIDE],
      );
      let l = y * STRIDE + k;
      let l0 = left_tile[l];
      a0 += l0 * wa;
      b0 += l0 * wb;
      let l1 = left_tile[l + 16u * STRIDE];
      a1 += l1 * wa;
      b1 += l1 * wb;
      let l2 = left_tile[l + 32u * STRIDE];
      a2 += l2 * wa;
      b2 += l2 * wb;
      let l3 = left_tile[l + 48u * STRIDE];
      a3 += l3 * wa;
      b3 += l3 * wb;
    }
    workgroupBarrier();
  }

  let row = tile_row + y;
  let column = tile_column + x;
  store_row(row, column, a0, b0);
  store_row(row + 16u, column, a1, b1);
  store_row(row + 32u, column, a2, b2);
  store_row(row + 48u, column, a3, b3);
}

// Zeros past the last column; the weights there are finite.
fn fetch_left(row: u32, column: u32) -> vec4<f32> {
  if (column >= params.inFeatures) {
    return vec4<f32>(0.0);
  }
  return load_left4(row, column);
}

fn store_row(row: u32, column: u32, a: vec4<f32>, b: vec4<f32>) {
  if (row < params.rows) {
    let to = params.productFirstRow + row;
    store_product(to, column, a.x);
    store_product(to, column + 16u, a.y);
    store_product(to, column + 32u, a.z);
    store_product(to, column + 48u, a.w);
    store_product(to, column + 64u, b.x);
    store_product(to, column + 80u, b.y);
    store_product(to, column + 96u, b.z);
    store_product(to, column + 112u, b.w);
  }
}
