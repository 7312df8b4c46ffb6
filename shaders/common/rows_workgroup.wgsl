// Row-wise kernels on a GPU: a workgroup a row, sums by a tree in a fixed order. WORKGROUP_X is a power of two.
const LANES = WORKGROUP_X;

var<workgroup> row_partial: array<f32, WORKGROUP_X>;

fn row_of(group: u32, local: u32) -> u32 {
  return group;
}

fn lane_of(local: u32) -> u32 {
  return local;
}

// Sum over the lanes of the row, in all of them. Call in uniform control flow.
fn row_sum(value: f32, local: u32) -> f32 {
  workgroupBarrier();
  row_partial[local] = value;
  for (var stride = WORKGROUP_X / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (local < stride) {
      row_partial[local] += row_partial[local + stride];
    }
  }
  workgroupBarrier();
  return row_partial[0];
}
