// o = softmax(scale · q · kᵀ) · v, causal and within segments, by online softmax (Dao et al. 2022); lse is the log of
// the softmax's denominator
//
// q, o [N, heads, HD], k, v [N, kvHeads, HD] in vec4, segments [N], lse [N, heads]. The variant for GPUs: a workgroup
// takes ROWS consecutive queries of one head and walks over tiles of KEYS keys; LANES invocations share a row, each with
// VECTORS vec4 of o in registers. Rows of the tiles are padded by one vec4 against bank conflicts. f32.
const STRIDE = HEAD_DIM4 + 1u;

var<workgroup> query_tile: array<vec4<f32>, ROWS * STRIDE>;
var<workgroup> key_tile: array<vec4<f32>, KEYS * STRIDE>;
var<workgroup> value_tile: array<vec4<f32>, KEYS * HEAD_DIM4>;
var<workgroup> scores: array<f32, ROWS * KEYS>;

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
  // The last tiles have the most keys: they start first.
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
    query_tile[i / HEAD_DIM4 * STRIDE + i % HEAD_DIM4] = q[source] * params.scale;
  }

  let r = local / LANES;
  let lane = local % LANES;
  let position = min(first_query + r, last_position);
  let segment = segments[first_token + position];
  let end_key = min(first_query + ROWS, params.sequenceLength);
  let start_key = first_shared_position(first_token, first_query, end_key, local) / KEYS * KEYS;

  var sum: array<vec4<f32>, VECTORS>;
  for (var i = 0u; i < VECTORS; i++) {
    sum[i] = vec4<f32>(0.0);
  }
  var largest = LOWEST;
  var denominator = 0.0;
  for (var tile_key = start_key; tile_key < end_key; tile_key += KEYS) {
    workgroupBarrier();
    for (var i = local; i < KEYS * HEAD_DIM4; i += WORKGROUP_X) {
      let other = min(tile_key + i / HEAD_DIM4, last_position);
      let source = key_row(sequence, other, kv_head) * HEAD_DIM4 + i % HEAD_DIM4;
      key_tile[i / HEAD_DIM4 * STRIDE + i % HEAD_DIM4] = k[source];
      value_tile[i] = v[source];
    }
    workgroupBarrier();
    for (var c = lane; c < KEYS; c += LANES) {
      var products = vec4<f32>(0.0);
      for (var d = 0u; d < HEAD_DIM4; d++) {
        products += query_tile[r * STRIDE + d] * key_tile[c * STRIDE + d];
      }
      let other = tile_key + c;
      let seen = other <= position && segments[first_token + min(other, last_position)] == segment;
      scores[r * KEYS + c] = select(MASKED, sum4(products), seen);
    }
    workgroupBarrier();
    var new_largest = largest;
    for (var c = 0u; c < KEYS; c++) {
      new_largest = max(new_largest, scores[r * KEYS + c]);
    }
    let shrink = exp(largest - new_largest);
    largest = new_largest;
    denominator *= shrink;
    for (var i = 0u; i < VECTORS; i++) {
      sum[i] *= shrink;
    }
    for (var c = 0u; c < KEYS; c++) {
      let p = exp(scores[r * KEYS + c] - largest);
      denominator += p;
      for (var i = 0u; i < VECTORS; i++) {
        sum[i] += p * value_tile[c * HEAD_DIM4 + i * LANES + lane];
      }
    }
  }

  if (first_query + r > last_position) {
    return;
  }
  let row = query_row(sequence, position, head);
  for (var i = 0u; i < VECTORS; i++) {
    o[row * HEAD_DIM4 + i * LANES + lane] = sum[i] / denominator;
  }
  if (lane == 0u) {
    lse[row] = largest + log(denominator);
  }
}
