// ‖B·A‖_F² = Σ_ij (A·Aᵀ)_ij (Bᵀ·B)_ij: two R × R Gram matrices, the product [out, in] is never formed
//
// A [R, inner], B [outer, R], norms [modules], of which params.moduleIndex is written. One workgroup; an invocation takes
// pairs i ≤ j. f32, a tree in a fixed order.
var<workgroup> sums: array<f32, WORKGROUP_X>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(@builtin(local_invocation_index) local: u32) {
  let rank = params.rank;
  var sum = 0.0;
  for (var pair = local; pair < rank * rank; pair += WORKGROUP_X) {
    let i = pair / rank;
    let j = pair % rank;
    if (i > j) {
      continue;
    }
    var rows = 0.0;
    for (var c = 0u; c < params.inner; c++) {
      rows += A[i * params.inner + c] * A[j * params.inner + c];
    }
    var columns = 0.0;
    for (var o = 0u; o < params.outer; o++) {
      columns += B[o * rank + i] * B[o * rank + j];
    }
    sum += select(2.0, 1.0, i == j) * rows * columns;
  }
  sums[local] = sum;
  for (var stride = WORKGROUP_X / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (local < stride) {
      sums[local] += sums[local + stride];
    }
  }
  if (local == 0u) {
    norms[params.moduleIndex] = sums[0];
  }
}
