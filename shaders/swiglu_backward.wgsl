// dup = da · silu(gate);  dgate = da · up · σ(gate) · (1 + gate · (1 − σ(gate)))
//
// da, gate, up, dgate, dup [count] of Value. One invocation a Value. f32; params.accumulateGate and .accumulateUp say
// whether old values count.
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
  let s = sigmoid(z);
  let d = da[index];
  var to_gate = d * up[index] * s * (Value(1.0) + z * (Value(1.0) - s));
  var to_up = d * z * s;
  if (params.accumulateGate != 0u) {
    to_gate += dgate[index];
  }
  if (params.accumulateUp != 0u) {
    to_up += dup[index];
  }
  dgate[index] = to_gate;
  dup[index] = to_up;
}
