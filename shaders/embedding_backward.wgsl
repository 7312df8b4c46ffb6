// dtable[v] += Σ_n dx[n] over the n with ids[n] = v, in the order of n
//
// ids [N]; sorted [N]: every n, by ids[n], equal ones in order; dx [N, columns], dtable [V, columns] of Values. One
// invocation a Value of dx: those of the first position of a token sum over all positions of it, in f32, and alone write
// its row; rows of tokens that do not occur stay as they are.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(group, groups, local);
  if (index >= params.tokens * params.columns) {
    return;
  }
  let first = index / params.columns;
  let column = index % params.columns;
  let id = ids[sorted[first]];
  if (first > 0u && ids[sorted[first - 1u]] == id) {
    return;
  }
  var sum = dx[sorted[first] * params.columns + column];
  for (var i = first + 1u; i < params.tokens; i++) {
    let n = sorted[i];
    if (ids[n] != id) {
      break;
    }
    sum += dx[n * params.columns + column];
  }
  dtable[id * params.columns + column] += sum;
}
