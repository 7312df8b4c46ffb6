// product[n, i] (+)= scale · Σ_o left[n, o] · W[o, i],  o from firstOut to endOut
//
// Shapes as in linear_input_gradient_plain.wgsl. A workgroup of 16 × 16 makes 64 rows × 128 columns from tiles of 16
// outputs in workgroup memory; each invocation decodes one run of 8 columns (one word of a 4-bit weight) a tile, adjacent
// ones adjacent words, and makes 4 rows × 8 columns in registers. The next tile is fetched while this one is used. One
// accumulation in f32 over the range, in order.
const TILE_ROWS = 64u;
const TILE_COLUMNS = 128u;
const TILE_OUT = 16u;
// vec4s from one row of the left tile to the next: 4 and one of padding against bank conflicts.
const LEFT_STRIDE = 5u;
const WEIGHT_STRIDE = 32u;

var<workgroup> left_tile: array<vec4<f32>, 320>;
var<workgroup> weight_tile: array<vec4<f32>, 512>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = flat_group(group, groups);
  let tiles_across = (params.productWidth + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tile_row = (tile / tiles_across) * TILE_ROWS;
  let tile_column = (tile % tiles_across) * TILE_COLUMNS;
  if (tile_row >= params.rows) {
    return;
  }
  begin_left();
  begin_product();
  begin_weights(local);
  workgroupBarrier();

  // What this invocation fetches of every tile.
  let left_row = params.leftFirstRow + min(tile_row + local / 4u, params.rows - 1u);
  let left_out = (local % 4u) * 4u;
  let left_at = (local / 4u) * LEFT_STRIDE + local % 4u;
  let weight_out = local / 16u;
  let weight_column = tile_column + (local % 16u) * 8u;
  let weight_at = (local / 16u) * WEIGHT_STRIDE + (local % 16u) * 2u;
  let last_out = params.endOut - 1u;
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
  var next_left = fetch_left(left_row, params.firstOut + left_out);
  var next_weights = load_weight_row8(min(params.firstOut + weight_out, last_out), weight_column);
  for (var o = params.firstOut; o < params.endOut; o += TILE_OUT) {
    left_tile[left_at] = next_left;
    weight_tile[weight_at] = next_weights[0];
    weight_tile[weight_at + 1u] = next_weights[1];
    workgroupBarrier();
    if (o + TILE_OUT < params.endOut) {
      next_left = fetch_left(left_row, o + TILE_OUT + left_out);
      next_weights = load_weight_row8(min(o + TILE_OUT + weight_out, last_out), weight_column);
    }
    for (var k = 0u; k < 4u; k++) {
      let w = k * 4u * WEIGHT_STRIDE + x;
      let wa = mat4x4<f32>(
        weight_tile[w],
        weight_tile[w + WEIGHT_STRIDE],
        weight_tile[w + 2u * WEIGHT_STRIDE],
        weight_tile[w + 3u * WEIGHT_STRIDE],
      );
      let wb = mat4x4<f32>(
        weight_tile[w + 16u],
        weight_tile[w + 16u + WEIGHT_STRIDE],
        weight_tile[w + 16u + 2u * WEIGHT_STRIDE],
        weight_tile[w + 16u + 3u * WEIGHT_STRIDE],
      );
      let l = y * LEFT_STRIDE + k;
      let l0 = left_tile[l];
      a0 += wa * l0;
      b0 += wb * l0;
      let l1 = left_tile[l + 16u * LEFT_STRIDE];
      a1 += wa * l1;
      b1 += wb * l1;
      let l2 = left_tile[l + 32u * LEFT_STRIDE];
      a2 += wa * l2;
      b2 += wb * l2;
      let l3 = left_tile[l + 48u * LEFT_STRIDE];
      a3 += wa * l3;
      b3 += wb * l3;
    }
    workgroupBarrier();
  }

  let row = tile_row + y;
  let column = tile_column + x * 4u;
  store_row(row, column, a0, b0);
  store_row(row + 16u, column, a1, b1);
  store_row(row + 32u, column, a2, b2);
  store_row(row + 48u, column, a3, b3);
}

// Zeros from endOut on; the weights there are finite.
fn fetch_left(row: u32, out: u32) -> vec4<f32> {
  if (out >= params.endOut) {
    return vec4<f32>(0.0);
  }
  return load_left4(row, out);
}

fn store_row(row: u32, column: u32, a: vec4<f32>, b: vec4<f32>) {
  if (row < params.rows) {
    let to = params.productFirstRow + row;
    if (column < params.productWidth) {
      store_product4(to, column, a);
    }
    if (column + 64u < params.productWidth) {
      store_product4(to, column + 64u, b);
    }
  }
}
