// Rotates the pairs (i, i + HD/2) of every head by direction · position · frequency_i:
//   y_i = x_i cos − x_j sin;  y_j = x_j cos + x_i sin,  j = i + HD/2
//
// x, y [N, heads, 2 · half] and cos, sin [positions, half] in Values; positions [N]. One invocation a pair of Values.
// f32; the tables come from float64 on the host. params.direction is 1 forward and −1 backward; params.accumulate says
// whether y's old value counts.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(group, groups, local);
  if (index >= params.count) {
    return;
  }
  let row = index / params.half;
  let i = index % params.half;
  let angle = positions[row / params.heads] * params.half + i;
  let c = cos_table[angle];
  let s = sin_table[angle] * params.direction;
  let first = row * 2u * params.half + i;
  let second = first + params.half;
  let x_first = x[first];
  let x_second = x[second];
  var y_first = x_first * c - x_second * s;
  var y_second = x_second * c + x_first * s;
  if (params.accumulate != 0u) {
    y_first += y[first];
    y_second += y[second];
  }
  y[first] = y_first;
  y[second] = y_second;
}
