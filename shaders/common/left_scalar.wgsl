// left [*, params.leftWidth], any width: zeros past the last column. Needs transform_left.
fn load_left4(row: u32, column: u32) -> vec4<f32> {
  let start = row * params.leftWidth;
  let at = start + column;
  let last = start + params.leftWidth - 1u;
  let inside = vec4<u32>(column, column + 1u, column + 2u, column + 3u) < vec4<u32>(params.leftWidth);
  let value = vec4<f32>(left[min(at, last)], left[min(at + 1u, last)], left[min(at + 2u, last)], left[min(at + 3u, last)]);
  return select(vec4<f32>(0.0), transform_left(value, at), inside);
}
