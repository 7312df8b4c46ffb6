// a = silu(gate) · up, silu(z) = z / (1 + e^-z)
//
// gate, up, a [count] of Value. One invocation a Value. f32; the exponent is clamped, so that nothing overflows.
fn sigmoid(z: Value) -> Value {
  return Value(1.0) / (Value(1.0) + exp(min(-z, Value(80.0))));
}

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
  let z = gate[index];
  a[index] = z * sigmoid(z) * up[index];
}
