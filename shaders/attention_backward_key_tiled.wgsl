// p = exp(scale · q · k − lse);  ds = p · (dO · v − delta);  dv (+)= Σ p · dO;  dk (+)= scale · Σ ds · q
// over the later queries of all heads that share the kv head   (Dao et al. 2022, B.4)
//
// q, dO [N, heads, HD], k, v, dk, dv [N, kvHeads, HD] in vec4, statistics [N, heads] of (lse, delta), segments [N]. The
// variant for GPUs: a workgroup takes ROWS consecutive keys of one kv head and walks over tiles of KEYS queries, head
// after head; otherwise laid out as attention_forward_tiled. f32; params.accumulateKey and .accumulateValue say whether
// old values count.
const STRIDE = HEAD_DIM4 + 1u;

var<workgroup> key_tile: array<vec4<f32>, ROWS * STRIDE>;
var<workgroup> value_tile: array<vec4<f32>, ROWS * STRIDE>;
var<workgroup> query_tile: array<vec4<f32>, KEYS * STRIDE>;
var<workgroup> gradient_tile: array<vec4<f32>, KEYS * STRIDE>;
// (p, ds)
var<workgroup> weights: array<vec2<f32>, ROWS * KEYS>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let work = flat_group(group, groups);
  if (work >= params.tiles * params.kvHeads * params.batchSize) {
    return;
  }
  // The first tiles have the most queries.
  let tile = work % params.tiles;
  let kv_head = work / params.tiles % params.kvHeads;
  let sequence = work / params.tiles / params.kvHeads;
  let group_size = params.heads / params.kvHeads;
  let first_token = sequence * params.sequenceLength;
  let last_position = params.sequenceLength - 1u;

  let first_key = tile * ROWS;
  for (var i = local; i < ROWS * HEAD_DIM4; i += WORKGROUP_X) {
    let position = min(first_key + i / HEAD_DIM4, last_position);
    let source = key_row(sequence, position, kv_head) * HEAD_DIM4 + i % HEAD_DIM4;
    let destination = i / HEAD_DIM4 * STRIDE + i % HEAD_DIM4;
    key_tile[destination] = k[source] * params.scale;
    value_tile[destination] = v[source];
  }

  let r = local / LANES;
  let lane = local % LANES;
  let position = min(first_key + r, last_position);
  let segment = segments[first_token + position];
  let end_key = min(first_key + ROWS, params.sequenceLength);
  let end_query = end_of_shared_positions(first_token, first_key, end_key, local);

  var key_sum: array<vec4<f32>, VECTORS>;
  var value_sum: array<vec4<f32>, VECTORS>;
  for (var i = 0u; i < VECTORS; i++) {
    key_sum[i] = vec4<f32>(0.0);
    value_sum[i] = vec4<f32>(0.0);
  }
  for (var member = 0u; member < group_size; member++) {
    let head = kv_head * group_size + member;
    for (var tile_query = first_key; tile_query < end_query; tile_query += KEYS) {
      workgroupBarrier();
      for (var i = local; i < KEYS * HEAD_DIM4; i += WORKGROUP_X) {
        let other = min(tile_query + i / HEAD_DIM4, last_position);
        let source = query_row(sequence, other, head) * HEAD_DIM4 + i % HEAD_DIM4;
        let destination = i / HEAD_DIM4 * STRIDE + i % HEAD_DIM4;
        query_tile[destination] = q[source];
        gradient_tile[destination] = dO[source];
      }
      workgroupBarrier();
      for (var c = lane; c < KEYS; c += LANES) {
        var products = vec4<f32>(0.0);
        var dp = vec4<f32>(0.0);
        for (var d = 0u; d < HEAD_DIM4; d++) {
          products += key_tile[r * STRIDE + d] * query_tile[c * STRIDE + d];
          dp += value_tile[r * STRIDE + d] * gradient_tile[c * STRIDE + d];
        }
        let other = tile_query + c;
        let inside = min(other, last_position);
        let of_row = statistics[query_row(sequence, inside, head)];
        let seen = other == inside && other >= position && segments[first_token + inside] == segment;
        // An unseen score may be far above lse: it must not reach exp.
        let p = exp(select(MASKED, sum4(products) - of_row.x, seen));
        weights[r * KEYS + c] = vec2<f32>(p, p * (sum4(dp) - of_row.y));
      }
      workgroupBarrier();
      for (var c = 0u; c < KEYS; c++) {
        let w = weights[r * KEYS + c];
        for (var i = 0u; i < VECTORS; i++) {
          let index = c * STRIDE + i * LANES + lane;
          value_sum[i] += w.x * gradient_tile[index];
          key_sum[i] += w.y * query_tile[index];
        }
      }
    }
  }

  if (first_key + r > last_position) {
    return;
  }
  let row = key_row(sequence, position, kv_head);
  for (var i = 0u; i < VECTORS; i++) {
    let index = row * HEAD_DIM4 + i * LANES + lane;
    var to_key = key_sum[i] * params.scale;
    var to_value = value_sum[i];
    if (params.accumulateKey != 0u) {
      to_key += dk[index];
    }
    if (params.accumulateValue != 0u) {
      to_value += dv[index];
    }
    dk[index] = to_key;
    dv[index] = to_value;
  }
}
