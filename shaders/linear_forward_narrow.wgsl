// product[n, o] (+)= scale · Σ_i left[n, i] · W[o, i]
//
// Shapes as in linear_forward_plain.wgsl, for few outputs (lora_A). A workgroup of 16 × 16 makes 16 rows × 16 outputs,
// one an invocation, from tiles of 64 columns in workgroup memory. One accumulation in f32 over all of `in`, in order.
const TILE = 16u;
const TILE_IN = 64u;
// vec4s from one row of a tile to the next: 16 and one of padding against bank conflicts.
const STRIDE = 17u;

var<workgroup> left_tile: array<vec4<f32>, 272>;
var<workgroup> weight_tile: array<vec4<f32>, 272>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = flat_group(group, groups);
  let tiles_across = (params.productWidth + TILE - 1u) / TILE;
  let row = (tile / tiles_across) * TILE + local / TILE;
  let tile_column = (tile % tiles_across) * TILE;
  if ((tile / tiles_across) * TILE >= params.rows) {
    return;
  }
  begin_left();
  begin_product();
  begin_weights(local);
  workgroupBarrier();

  let left_row = params.leftFirstRow + min(row, params.rows - 1u);
  let weight_row = min(tile_column + local / TILE, params.productWidth - 1u);
  let fetched = (local % TILE) * 4u;
  let fetched_at = (local / TILE) * STRIDE + local % TILE;
  let left_at = (local / TILE) * STRIDE;
  let weight_at = (local % TILE) * STRIDE;
  var sum = 0.0;
  for (var i = 0u; i < params.inFeatures; i += TILE_IN) {
    var value = vec4<f32>(0.0);
    if (i + fetched < params.inFeatures) {
      value = load_left4(left_row, i + fetched);
    }
    left_tile[fetched_at] = value;
    weight_tile[fetched_at] = load_weight_row4(weight_row, i + fetched);
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      sum += dot(left_tile[left_at + k], weight_tile[weight_at + k]);
    }
    workgroupBarrier();
  }
  if (row < params.rows) {
    store_product(params.productFirstRow + row, tile_column + local % TILE, sum);
  }
}
