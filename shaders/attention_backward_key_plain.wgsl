// p = exp(scale · q · k − lse);  ds = p · (dO · v − delta);  dv (+)= Σ p · dO;  dk (+)= scale · Σ ds · q
// over the later queries of all heads that share the kv head   (Dao et al. 2022, B.4)
//
// q, dO [N, heads, HD], k, v, dk, dv [N, kvHeads, HD] in vec4, statistics [N, heads] of (lse, delta), segments [N]. The
// variant for software adapters: an invocation a row of k. f32; params.accumulateKey and .accumulateValue say whether
// old values count.
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
  let token = row / params.kvHeads;
  let group_size = params.heads / params.kvHeads;
  let first_head = (row % params.kvHeads) * group_size;
  let end_token = token - token % params.sequenceLength + params.sequenceLength;
  let segment = segments[token];

  var key: array<vec4<f32>, HEAD_DIM4>;
  var value: array<vec4<f32>, HEAD_DIM4>;
  var key_sum: array<vec4<f32>, HEAD_DIM4>;
  var value_sum: array<vec4<f32>, HEAD_DIM4>;
  for (var d = 0u; d < HEAD_DIM4; d++) {
    key[d] = k[row * HEAD_DIM4 + d] * params.scale;
    value[d] = v[row * HEAD_DIM4 + d];
    key_sum[d] = vec4<f32>(0.0);
    value_sum[d] = vec4<f32>(0.0);
  }
  for (var other = token; other < end_token; other++) {
    if (segments[other] != segment) {
      continue;
    }
    for (var head = first_head; head < first_head + group_size; head++) {
      let other_row = other * params.heads + head;
      let query = other_row * HEAD_DIM4;
      let of_row = statistics[other_row];
      var products = vec4<f32>(0.0);
      var dp = vec4<f32>(0.0);
      for (var d = 0u; d < HEAD_DIM4; d++) {
        products += key[d] * q[query + d];
        dp += value[d] * dO[query + d];
      }
      let p = exp(sum4(products) - of_row.x);
      let ds = p * (sum4(dp) - of_row.y);
      for (var d = 0u; d < HEAD_DIM4; d++) {
        key_sum[d] += ds * q[query + d];
        value_sum[d] += p * dO[query + d];
      }
    }
  }
  for (var d = 0u; d < HEAD_DIM4; d++) {
    var to_key = key_sum[d] * params.scale;
    var to_value = value_sum[d];
    if (params.accumulateKey != 0u) {
      to_key += dk[row * HEAD_DIM4 + d];
    }
    if (params.accumulateValue != 0u) {
      to_value += dv[row * HEAD_DIM4 + d];
    }
    dk[row * HEAD_DIM4 + d] = to_key;
    dv[row * HEAD_DIM4 + d] = to_value;
  }
}
