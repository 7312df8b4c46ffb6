// partial[firstPartial + i] = Σ g² over every invocations-th Value from i on
//
// gradients [count] of vec4, partial [*] as f32 bits, invocations of them from firstPartial on. No barrier. f32. A partial that met a NaN or an infinity
// is a NaN by its bits: arithmetic need not keep them (WGSL).
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(group, groups, local);
  if (index >= params.invocations) {
    return;
  }
  var squares = vec4<f32>(0.0);
  var exponents = vec4<u32>(0u);
  for (var i = index; i < params.count; i += params.invocations) {
    let bits = gradients[i];
    exponents = max(exponents, bits & vec4<u32>(0x7f800000u));
    let g = bitcast<vec4<f32>>(bits);
    squares += g * g;
  }
  let largest = max(max(exponents.x, exponents.y), max(exponents.z, exponents.w));
  let sum = bitcast<u32>((squares.x + squares.y) + (squares.z + squares.w));
  partial_bits[params.firstPartial + index] = select(sum, largest | 0x00400000u, largest == 0x7f800000u);
}
