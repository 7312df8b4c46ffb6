// The 16 values of the 4-bit code, copied to memory of the invocation: for a software adapter, where reading a buffer is dear.
var<private> private_code: array<f32, 16>;

fn code_value(code: u32) -> f32 {
  return private_code[code];
}

fn begin_weights(local: u32) {
  for (var i = 0u; i < 16u; i++) {
    private_code[i] = codebook[i];
  }
  begin_scales();
}
