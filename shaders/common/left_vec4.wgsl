// left [*, params.leftWidth], a multiple of 4, bound as vec4: zeros past the last column. Needs transform_left.
fn load_left4(row: u32, column: u32) -> vec4<f32> {
  let at = row * params.leftWidth + column;
  return select(transform_left(left[at >> 2u], at), vec4<f32>(0.0), column >= params.leftWidth);
}
