// norm = √Σ partial
//
// partial [invocations] and norm [1] as f32 bits. One workgroup, a tree in a fixed order. f32. A partial whose exponent
// bits are all ones (NaN, infinity, overflow) makes the norm a NaN by its bits.
var<workgroup> sums: array<f32, WORKGROUP_X>;
var<workgroup> exponents: array<u32, WORKGROUP_X>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  var exponent = 0u;
  for (var i = local; i < params.invocations; i += WORKGROUP_X) {
    let bits = partial_bits[i];
    exponent = max(exponent, bits & 0x7f800000u);
    sum += bitcast<f32>(bits);
  }
  sums[local] = sum;
  exponents[local] = exponent;
  for (var stride = WORKGROUP_X / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (local < stride) {
      sums[local] += sums[local + stride];
      exponents[local] = max(exponents[local], exponents[local + stride]);
    }
  }
  if (local == 0u) {
    let total = max(exponents[0], bitcast<u32>(sums[0]) & 0x7f800000u);
    norm_bits[0] = select(bitcast<u32>(sqrt(sums[0])), total | 0x00400000u, total == 0x7f800000u);
  }
}
