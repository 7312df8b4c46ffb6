// The 16 values of the 4-bit code, copied to workgroup memory; needs 16 invocations and a barrier after begin_weights.
var<workgroup> shared_code: array<f32, 16>;

fn code_value(code: u32) -> f32 {
  return shared_code[code];
}

fn begin_weights(local: u32) {
  if (local < 16u) {
    shared_code[local] = codebook[local];
  }
  begin_scales();
}
