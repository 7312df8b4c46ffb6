// Row-wise kernels on a software adapter, where barriers are dear: an invocation a row.
const LANES = 1u;

fn row_of(group: u32, local: u32) -> u32 {
  return group * WORKGROUP_X + local;
}

fn lane_of(local: u32) -> u32 {
  return 0u;
}

fn row_sum(value: f32, local: u32) -> f32 {
  return value;
}
