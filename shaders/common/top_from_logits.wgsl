// Tokens and logits of the first round: the row of logits itself.
fn entry(index: u32) -> vec2<u32> {
  return vec2<u32>(index, bitcast<u32>(logits[index]));
}
