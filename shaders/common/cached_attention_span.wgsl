// Below every real score, above MASKED: the running maximum before the first key.
const LOWEST = -1e29;
const MASKED = -1e30;

// Cached positions that token n of this call attends to: itself and all before it. Padding rows see what the last token
// sees, so that they read nothing unwritten.
fn visible_positions(token: u32) -> u32 {
  let last = min(token, max(step.tokenCount, 1u) - 1u);
  return min(step.cacheLength + last + 1u, params.capacity);
}

fn sum4(v: vec4<f32>) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}
