// product [*, params.productWidth], any width: (+)= scale · value. Needs transform_product.
fn put_product(at: u32, value: f32) {
  if (params.accumulate != 0u) {
    product[at] += value;
  } else {
    product[at] = value;
  }
}

fn store_product(row: u32, column: u32, value: f32) {
  if (column < params.productWidth) {
    let at = row * params.productWidth + column;
    put_product(at, transform_product(vec4<f32>(params.scale * value), at).x);
  }
}

fn store_product4(row: u32, column: u32, value: vec4<f32>) {
  let at = row * params.productWidth + column;
  let result = transform_product(params.scale * value, at);
  for (var i = 0u; i < 4u && column + i < params.productWidth; i++) {
    put_product(at + i, result[i]);
  }
}
