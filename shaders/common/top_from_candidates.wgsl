// Tokens and logits of a later round: what the blocks of the round before left over.
fn entry(index: u32) -> vec2<u32> {
  return candidates[index];
}
