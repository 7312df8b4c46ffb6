fn begin_left() {
}

fn transform_left(value: vec4<f32>, element: u32) -> vec4<f32> {
  return value;
}
