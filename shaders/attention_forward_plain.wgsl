// o = softmax(scale · q · kᵀ) · v, causal and within segments, by online softmax (Dao et al. 2022); lse is the log of
// the softmax's denominator
//
// q, o [N, heads, HD], k, v [N, kvHeads, HD] in vec4, segments [N], lse [N, heads]. The variant for software adapters:
// an invocation a row of q, no barrier, no shared memory. f32.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = flat_index(group, groups, local);
  if (row >= params.rows) {
    return;
  }
  let token = row / params.heads;
  let head = row % params.heads;
  let kv_head = head / (params.heads / params.kvHeads);
  let sequence = token / params.sequenceLength;
  let first_token = sequence * params.sequenceLength;
  let segment = segments[token];

  var query: array<vec4<f32>, HEAD_DIM4>;
  var sum: array<vec4<f32>, HEAD_DIM4>;
  for (var d = 0u; d < HEAD_DIM4; d++) {
    query[d] = q[row * HEAD_DIM4 + d] * params.scale;
    sum[d] = vec4<f32>(0.0);
  }
  var largest = LOWEST;
  var denominator = 0.0;
  for (var other = first_token; other <= token; other++) {
    if (segments[other] != segment) {
      continue;
    }
    let key = (other * params.kvHeads + kv_head) * HEAD_DIM4;
    var products = vec4<f32>(0.0);
    for (var d = 0u; d < HEAD_DIM4; d++) {
      products += query[d] * k[key + d];
    }
    let score = sum4(products);
    if (score > largest) {
      let shrink = exp(largest - score);
      denominator *= shrink;
      for (var d = 0u; d < HEAD_DIM4; d++) {
        sum[d] *= shrink;
      }
      largest = score;
    }
    let p = exp(score - largest);
    denominator += p;
    for (var d = 0u; d < HEAD_DIM4; d++) {
      sum[d] += p * v[key + d];
    }
  }
  for (var d = 0u; d < HEAD_DIM4; d++) {
    o[row * HEAD_DIM4 + d] = sum[d] / denominator;
  }
  lse[row] = largest + log(denominator);
}
