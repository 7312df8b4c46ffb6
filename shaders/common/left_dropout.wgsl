// left under dropout (random.wgsl).
fn begin_left() {
  begin_dropout();
}

fn transform_left(value: vec4<f32>, element: u32) -> vec4<f32> {
  return drop4(value, element);
}
