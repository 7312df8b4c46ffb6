// x[n] = table[ids[n]]
//
// ids [N]; the table [V, columns] of Values is read through load_weight_value; x [N, columns] of Values. One invocation
// a Value of x. f16 and bf16 tables are decoded exactly.
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
  let row = ids[index / params.columns];
  x[index] = load_weight_value(row * params.columns + index % params.columns);
}
