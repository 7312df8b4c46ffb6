// The 16 values of the 4-bit code, read from the code book's buffer.
fn code_value(code: u32) -> f32 {
  return codebook[code];
}

fn begin_weights(local: u32) {
  begin_scales();
}
