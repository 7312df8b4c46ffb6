// product[part, o, i] (+)= scale · Σ_n gradient[n, o] · left[leftFirstRow + n, i],  n in the part's rows
//
// Shapes as in linear_weight_gradient_plain.wgsl. A workgroup of 16 × 16 makes 64 outputs × 128 columns of one part from
// tiles of 16 rows in workgroup memory; each invocation makes 4 outputs × 8 columns in registers. The next tile is fetched
// while this one is used. One accumulation in f32 over the part's rows, in order.
const TILE_OUT = 64u;
const TILE_COLUMNS = 128u;
const TILE_ROWS = 16u;
const GRADIENT_STRIDE = 16u;
const LEFT_STRIDE = 32u;

var<workgroup> gradient_tile: array<vec4<f32>, 256>;
var<workgroup> left_tile: array<vec4<f32>, 512>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = flat_group(group, groups);
  let across = (params.leftWidth + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let down = (params.outFeatures + TILE_OUT - 1u) / TILE_OUT;
  let part = tile / (across * down);
  let first_row = part * params.rowsPerPart;
  if (first_row >= params.rows) {
    return;
  }
  begin_left();
  begin_gradient();
  begin_product();
  let tile_out = (tile / across % down) * TILE_OUT;
  let tile_column = (tile % across) * TILE_COLUMNS;
  let end_row = min(first_row + params.rowsPerPart, params.rows);

  // What this invocation fetches of every tile, and what it makes.
  let x = local % 16u;
  let y = local / 16u;
  let gradient_at = y * GRADIENT_STRIDE + x;
  let left_at = y * LEFT_STRIDE + x;
  let fetched_out = tile_out + x * 4u;
  let fetched_column = tile_column + x * 4u;

  var a0 = vec4<f32>(0.0);
  var a1 = vec4<f32>(0.0);
  var a2 = vec4<f32>(0.0);
  var a3 = vec4<f32>(0.0);
  var b0 = vec4<f32>(0.0);
  var b1 = vec4<f32>(0.0);
  var b2 = vec4<f32>(0.0);
  var b3 = vec4<f32>(0.0);
  var next_gradient = fetch_gradient(first_row + y, end_row, fetched_out);
  var next_left_a = fetch_left(first_row + y, end_row, fetched_column);
  var next_left_b = fetch_left(first_row + y, end_row, fetched_column + 64u);
  for (var row = first_row; row < end_row; row += TILE_ROWS) {
    gradient_tile[gradient_at] = next_gradient;
    left_tile[left_at] = next_left_a;
    left_tile[left_at + 16u] = next_left_b;
    workgroupBarrier();
    if (row + TILE_ROWS < end_row) {
      let next = row + TILE_ROWS + y;
      next_gradient = fetch_gradient(next, end_row, fetched_out);
      next_left_a = fetch_left(next, end_row, fetched_column);
      next_left_b = fetch_left(next, end_row, fetched_column + 64u);
    }
    for (var k = 0u; k < TILE_ROWS; k++) {
      let g = gradient_tile[k * GRADIENT_STRIDE + y];
      let la = left_tile[k * LEFT_STRIDE + x];
      let lb = left_tile[k * LEFT_STRIDE + 16u + x];
      a0 += g.x * la;
      a1 += g.y * la;
      a2 += g.z * la;
      a3 += g.w * la;
      b0 += g.x * lb;
      b1 += g.y * lb;
      b2 += g.z * lb;
      b3 += g.w * lb;
    }
    workgroupBarrier();
  }

  let out = tile_out + y * 4u;
  store_out(part, out, fetched_column, a0, b0);
  store_out(part, out + 1u, fetched_column, a1, b1);
  store_out(part, out + 2u, fetched_column, a2, b2);
  store_out(part, out + 3u, fetched_column, a3, b3);
}

// Zeros past the part's last row.
fn fetch_gradient(row: u32, end_row: u32, out: u32) -> vec4<f32> {
  return select(vec4<f32>(0.0), load_gradient4(min(row, end_row - 1u), out), row < end_row);
}

fn fetch_left(row: u32, end_row: u32, column: u32) -> vec4<f32> {
  return select(vec4<f32>(0.0), load_left4(params.leftFirstRow + min(row, end_row - 1u), column), row < end_row);
}

fn store_out(part: u32, out: u32, column: u32, a: vec4<f32>, b: vec4<f32>) {
  if (out < params.outFeatures) {
    let to = part * params.outFeatures + out;
    if (column < params.leftWidth) {
      store_product4(to, column, a);
    }
    if (column + 64u < params.leftWidth) {
      store_product4(to, column + 64u, b);
    }
  }
}
