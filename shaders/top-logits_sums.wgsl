// sums[b] = (m, Σ exp(x - m), Σ exp((x - m) · inverseTemperature)) over block b of the logits x, m their largest
//
// logits [count], BLOCK of them to a row of rows_*.wgsl, top [blocks, TOP] of the same blocks, sums [blocks, 3]. The host
// puts the blocks together. f32.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let block = row_of(flat_group(group, groups), local);
  let first = block * BLOCK;
  if (first >= params.count) {
    return;
  }
  let lane = lane_of(local);
  let end = min(first + BLOCK, params.count);
  let largest = bitcast<f32>(top[block * TOP].y);
  var plain = 0.0;
  var tempered = 0.0;
  for (var index = first + lane; index < end; index += LANES) {
    let below = logits[index] - largest;
    plain += exp(below);
    tempered += exp(below * step.inverseTemperature);
  }
  let plain_sum = row_sum(plain, local);
  let tempered_sum = row_sum(tempered, local);
  if (lane == 0u) {
    sums[block * 3u] = largest;
    sums[block * 3u + 1u] = plain_sum;
    sums[block * 3u + 2u] = tempered_sum;
  }
}
