// left [*, params.leftWidth], a multiple of 4, bound as vec4. Needs transform_left.
fn load_left4(row: u32, column: u32) -> vec4<f32> {
  let at = row * params.leftWidth + column;
  return transform_left(left[at >> 2u], at);
}
