// p = exp(scale · q · k − lse);  ds = p · (dO · v − delta);  dq (+)= scale · Σ ds · k   (Dao et al. 2022, B.4)
//
// q, dO, dq [N, heads, HD], k, v [N, kvHeads, HD] in vec4, statistics [N, heads] of (lse, delta), segments [N]. The
// variant for GPUs, laid out as attention_forward_tiled. f32; params.accumulate says whether dq's old value counts.
const STRIDE = HEAD_DIM4 + 1u;

var<workgroup> query_tile: array<vec4<f32>, ROWS * STRIDE>;
var<workgroup> gradient_tile: array<vec4<f32>, ROWS * STRIDE>;
var<workgroup> key_tile: array<vec4<f32>, KEYS * STRIDE>;
var<workgroup> value_tile: array<vec4<f32>, KEYS * STRIDE>;
var<workgroup> score_gradients: array<f32, ROWS * KEYS>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let work = flat_group(group, groups);
  if (work >= params.tiles * params.heads * params.batchSize) {
    return;
  }
  let tile = params.tiles - 1u - work % params.tiles;
  let head = work / params.tiles % params.heads;
  let sequence = work / params.tiles / params.heads;
  let kv_head = head / (params.heads / params.kvHeads);
  let first_token = sequence * params.sequenceLength;
  let last_position = params.sequenceLength - 1u;

  let first_query = tile * ROWS;
  for (var i = local; i < ROWS * HEAD_DIM4; i += WORKGROUP_X) {
    let position = min(first_query + i / HEAD_DIM4, last_position);
    let source = query_row(sequence, position, head) * HEAD_DIM4 + i % HEAD_DIM4;
    let destination = i / HEAD_DIM4 * STRIDE + i % HEAD_DIM4;
    query_tile[destination] = q[source] * params.scale;
    gradient_tile[destination] = dO[source];
  }

  let r = local / LANES;
  let lane = local % LANES;
  let position = min(first_query + r, last_position);
  let row = query_row(sequence, position, head);
  let of_row = statistics[row];
  let segment = segments[first_token + position];
  let end_key = min(first_query + ROWS, params.sequenceLength);
  let start_key = first_shared_position(first_token, first_query, end_key, local) / KEYS * KEYS;

  var sum: array<vec4<f32>, VECTORS>;
  for (var i = 0u; i < VECTORS; i++) {
    sum[i] = vec4<f32>(0.0);
  }
  for (var tile_key = start_key; tile_key < end_key; tile_key += KEYS) {
    workgroupBarrier();
    for (var i = local; i < KEYS * HEAD_DIM4; i += WORKGROUP_X) {
      let other = min(tile_key + i / HEAD_DIM4, last_position);
      let source = key_row(sequence, other, kv_head) * HEAD_DIM4 + i % HEAD_DIM4;
      let destination = i / HEAD_DIM4 * STRIDE + i % HEAD_DIM4;
      key_tile[destination] = k[source];
      value_tile[destination] = v[source];
    }
    workgroupBarrier();
    for (var c = lane; c < KEYS; c += LANES) {
      var products = vec4<f32>(0.0);
      var dp = vec4<f32>(0.0);
      for (var d = 0u; d < HEAD_DIM4; d++) {
        products += query_tile[r * STRIDE + d] * key_tile[c * STRIDE + d];
        dp += gradient_tile[r * STRIDE + d] * value_tile[c * STRIDE + d];
      }
      let other = tile_key + c;
      let seen = other <= position && segments[first_token + min(other, last_position)] == segment;
      // An unseen score may be far above lse: it must not reach exp.
      let p = exp(select(MASKED, sum4(products) - of_row.x, seen));
      score_gradients[r * KEYS + c] = p * (sum4(dp) - of_row.y);
    }
    workgroupBarrier();
    for (var c = 0u; c < KEYS; c++) {
      let ds = score_gradients[r * KEYS + c];
      for (var i = 0u; i < VECTORS; i++) {
        sum[i] += ds * key_tile[c * STRIDE + i * LANES + lane];
      }
    }
  }

  if (first_query + r > last_position) {
    return;
  }
  for (var i = 0u; i < VECTORS; i++) {
    let index = row * HEAD_DIM4 + i * LANES + lane;
    var result = sum[i] * params.scale;
    if (params.accumulate != 0u) {
      result += dq[index];
    }
    dq[index] = result;
  }
}
