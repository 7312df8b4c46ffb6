fn begin_product() {
}

fn transform_product(value: vec4<f32>, element: u32) -> vec4<f32> {
  return value;
}
