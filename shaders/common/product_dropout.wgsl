// product under dropout (random.wgsl): the backward of dropout.
fn begin_product() {
  begin_dropout();
}

fn transform_product(value: vec4<f32>, element: u32) -> vec4<f32> {
  return drop4(value, element);
}
