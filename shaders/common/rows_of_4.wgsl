// Four rows at a time, for kernels that make a tile of rows × 8 columns in registers. Needs load_left4, store_product4,
// params.rows, leftFirstRow and productFirstRow.

// 4 consecutive rows of left, a column of the matrix each; past the end the last one.
fn load_left_rows(row: u32, column: u32) -> mat4x4<f32> {
  let last = params.rows - 1u;
  let first = params.leftFirstRow;
  return mat4x4<f32>(
    load_left4(first + min(row, last), column),
    load_left4(first + min(row + 1u, last), column),
    load_left4(first + min(row + 2u, last), column),
    load_left4(first + min(row + 3u, last), column),
  );
}

// 4 consecutive rows of the product, those that there are: columns 0 to 3 in a, 4 to 7 in b.
fn store_rows(row: u32, column: u32, a: mat4x4<f32>, b: mat4x4<f32>) {
  var values_a = a;
  var values_b = b;
  for (var i = 0u; i < 4u; i++) {
    store_row(row + i, column, values_a[i], values_b[i]);
  }
}

fn store_row(row: u32, column: u32, a: vec4<f32>, b: vec4<f32>) {
  if (row < params.rows && column < params.productWidth) {
    let to = params.productFirstRow + row;
    store_product4(to, column, a);
    if (column + 4u < params.productWidth) {
      store_product4(to, column + 4u, b);
    }
  }
}
