// p = exp(scale · q · k − lse);  ds = p · (dO · v − delta);  dq (+)= scale · Σ ds · k   (Dao et al. 2022, B.4)
//
// q, dO, dq [N, heads, HD], k, v [N, kvHeads, HD] in vec4, statistics [N, heads] of (lse, delta), segments [N]. The
// variant for software adapters: an invocation a row of q. f32; params.accumulate says whether dq's old value counts.
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
  let kv_head = (row % params.heads) / (params.heads / params.kvHeads);
  let first_token = token - token % params.sequenceLength;
  let segment = segments[token];
  let of_row = statistics[row];

  var query: array<vec4<f32>, HEAD_DIM4>;
  var gradient: array<vec4<f32>, HEAD_DIM4>;
  var sum: array<vec4<f32>, HEAD_DIM4>;
  for (var d = 0u; d < HEAD_DIM4; d++) {
    query[d] = q[row * HEAD_DIM4 + d] * params.scale;
    gradient[d] = dO[row * HEAD_DIM4 + d];
    sum[d] = vec4<f32>(0.0);
  }
  for (var other = first_token; other <= token; other++) {
    if (segments[other] != segment) {
      continue;
    }
    let key = (other * params.kvHeads + kv_head) * HEAD_DIM4;
    var products = vec4<f32>(0.0);
    var dp = vec4<f32>(0.0);
    for (var d = 0u; d < HEAD_DIM4; d++) {
      products += query[d] * k[key + d];
      dp += gradient[d] * v[key + d];
    }
    let ds = exp(sum4(products) - of_row.x) * (sum4(dp) - of_row.y);
    for (var d = 0u; d < HEAD_DIM4; d++) {
      sum[d] += ds * k[key + d];
    }
  }
  for (var d = 0u; d < HEAD_DIM4; d++) {
    var result = sum[d] * params.scale;
    if (params.accumulate != 0u) {
      result += dq[row * HEAD_DIM4 + d];
    }
    dq[row * HEAD_DIM4 + d] = result;
  }
}
