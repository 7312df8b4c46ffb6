// o[n] = softmax(scale · q[n] · keysᵀ) · values over the cached positions up to token n's own, by online softmax
// (Dao et al. 2022)
//
// q, o [N, heads, HD], keys, values [capacity, kvHeads, HD] in vec4; token n stands at position cacheLength + n. The
// variant for GPUs: a workgroup a row of q walks over tiles of WORKGROUP_X positions. Each lane scores one position of a
// tile; then the lanes, GROUPS to each vec4 of the head, add up the values. Sums over lanes in a fixed order. f32.
const GROUPS = WORKGROUP_X / HEAD_DIM4;

var<workgroup> query: array<vec4<f32>, HEAD_DIM4>;
var<workgroup> scores: array<f32, WORKGROUP_X>;
var<workgroup> weights: array<f32, WORKGROUP_X>;
var<workgroup> parts: array<vec4<f32>, WORKGROUP_X>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = flat_group(group, groups);
  if (row >= params.rows) {
    return;
  }
  let kv_head = row % params.heads / (params.heads / params.kvHeads);
  let end = visible_positions(row / params.heads);
  if (local < HEAD_DIM4) {
    query[local] = q[row * HEAD_DIM4 + local] * params.scale;
  }
  let lane_group = local / HEAD_DIM4;
  let d = local % HEAD_DIM4;

  var sum = vec4<f32>(0.0);
  var largest = LOWEST;
  var denominator = 0.0;
  for (var tile = 0u; tile < end; tile += WORKGROUP_X) {
    workgroupBarrier();
    let position = tile + local;
    var score = MASKED;
    if (position < end) {
      let key = (position * params.kvHeads + kv_head) * HEAD_DIM4;
      var products = vec4<f32>(0.0);
      for (var i = 0u; i < HEAD_DIM4; i++) {
        products += query[i] * keys[key + i];
      }
      score = sum4(products);
    }
    scores[local] = score;
    workgroupBarrier();
    var new_largest = largest;
    for (var i = 0u; i < WORKGROUP_X; i++) {
      new_largest = max(new_largest, scores[i]);
    }
    let shrink = exp(largest - new_largest);
    largest = new_largest;
    let weight = exp(score - largest);
    weights[local] = weight;
    denominator = denominator * shrink + weight;
    workgroupBarrier();
    sum *= shrink;
    if (lane_group < GROUPS) {
      let tile_end = min(end - tile, WORKGROUP_X);
      for (var i = lane_group; i < tile_end; i += GROUPS) {
        sum += weights[i] * values[((tile + i) * params.kvHeads + kv_head) * HEAD_DIM4 + d];
      }
    }
  }

  workgroupBarrier();
  scores[local] = denominator;
  parts[local] = sum;
  workgroupBarrier();
  if (local >= HEAD_DIM4) {
    return;
  }
  var total = 0.0;
  for (var i = 0u; i < WORKGROUP_X; i++) {
    total += scores[i];
  }
  var whole = vec4<f32>(0.0);
  for (var i = 0u; i < GROUPS; i++) {
    whole += parts[i * HEAD_DIM4 + local];
  }
  o[row * HEAD_DIM4 + local] = whole / total;
}
