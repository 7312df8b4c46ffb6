// product [*, params.productWidth], a multiple of 4, bound as vec4: (+)= scale · value. Needs transform_product.
fn store_product4(row: u32, column: u32, value: vec4<f32>) {
  if (column < params.productWidth) {
    let at = row * params.productWidth + column;
    var result = transform_product(params.scale * value, at);
    if (params.accumulate != 0u) {
      result += product[at >> 2u];
    }
    product[at >> 2u] = result;
  }
}
