// product[n, i] (+)= scale · Σ_o left[n, o] · W[o, i],  o from firstOut to endOut
//
// Shapes as in linear_input_gradient_plain.wgsl, for few columns (the gradient through lora_B). A workgroup of 16 × 16
// makes 16 rows × 16 columns, one an invocation, from tiles of 64 outputs in workgroup memory. One accumulation in f32
// over the range, in order.
const TILE = 16u;
const TILE_OUT = 64u;
// vec4s from one row of the left tile to the next: 16 and one of padding against bank conflicts.
const LEFT_STRIDE = 17u;

var<workgroup> left_tile: array<vec4<f32>, 272>;
var<workgroup> weight_tile: array<f32, 1024>;

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
  let left_out = (local % TILE) * 4u;
  let left_to = (local / TILE) * LEFT_STRIDE + local % TILE;
  let weight_out = local / 4u;
  let weight_column = (local % 4u) * 4u;
  let weight_to = weight_out * TILE + weight_column;
  let left_at = (local / TILE) * LEFT_STRIDE;
  let weight_at = local % TILE;
  var sum = 0.0;
  for (var o = params.firstOut; o < params.endOut; o += TILE_OUT) {
    var value = vec4<f32>(0.0);
    if (o + left_out < params.endOut) {
      value = load_left4(left_row, o + left_out);
    }
    left_tile[left_to] = value;
    let w = load_weight_row4(min(o + weight_out, params.endOut - 1u), tile_column + weight_column);
    weight_tile[weight_to] = w.x;
    weight_tile[weight_to + 1u] = w.y;
    weight_tile[weight_to + 2u] = w.z;
    weight_tile[weight_to + 3u] = w.w;
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let at = k * 4u * TILE + weight_at;
      let column = vec4<f32>(weight_tile[at], weight_tile[at + TILE], weight_tile[at + 2u * TILE], weight_tile[at + 3u * TILE]);
      sum += dot(left_tile[left_at + k], column);
    }
    workgroupBarrier();
  }
  if (row < params.rows) {
    store_product(params.productFirstRow + row, tile_column + local % TILE, sum);
  }
}
