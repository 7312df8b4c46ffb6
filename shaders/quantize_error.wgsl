// sums[g] = over run g of elements: Σ (Ŵ−W)², Σ |Ŵ−W|, max |Ŵ−W|, Σ W², then how often each of the 16 codes occurs
//
// source [elements] of any dense format, weight: the same in 4 bits, sums [runs, 20] u32 (the first four are f32 bits).
// One invocation a run of params.run elements, summed in order in f32; the host adds the runs in float64.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  begin_weights(local);
  let run = flat_index(group, groups, local);
  let first = run * params.run;
  if (first >= params.elements) {
    return;
  }
  let end = min(first + params.run, params.elements);
  var squared_error = 0.0;
  var absolute_error = 0.0;
  var largest = 0.0;
  var squares = 0.0;
  var counts: array<u32, 16>;
  for (var i = first; i < end; i++) {
    let original = load_source(i);
    let error = abs(load_weight(i) - original);
    squared_error += error * error;
    absolute_error += error;
    largest = max(largest, error);
    squares += original * original;
    let in_word = i & 7u;
    let shift = (in_word >> 1u) * 8u + select(4u, 0u, (in_word & 1u) == 1u);
    counts[(weight[i >> 3u] >> shift) & 15u]++;
  }
  let at = run * 20u;
  sums[at] = bitcast<u32>(squared_error);
  sums[at + 1u] = bitcast<u32>(absolute_error);
  sums[at + 2u] = bitcast<u32>(largest);
  sums[at + 3u] = bitcast<u32>(squares);
  for (var code = 0u; code < 16u; code++) {
    sums[at + 4u + code] = counts[code];
  }
}
