// A logit and its token as the host and the next round read it: x is the token, y the bits of the logit. NO_TOKEN fills
// places without one.
const NO_TOKEN = 0xffffffffu;

// Orders f32 as u32: a larger logit has a larger key. 0 is below that of every number.
fn order_of(bits: u32) -> u32 {
  return bits ^ select(0x80000000u, 0xffffffffu, (bits & 0x80000000u) != 0u);
}

fn bits_of(order: u32) -> u32 {
  return order ^ select(0xffffffffu, 0x80000000u, (order & 0x80000000u) != 0u);
}
