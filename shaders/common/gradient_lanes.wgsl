// gradient [N, params.outFeatures], any width: past the last column come repetitions of it. For workgroups whose lanes,
// a subgroup of 8, all ask for the same row and column: each reads one element and hands it to the others.
var<private> gradient_lane: u32;

@diagnostic(off, subgroup_uniformity)
fn begin_gradient() {
  gradient_lane = subgroupExclusiveAdd(1u);
}

@diagnostic(off, subgroup_uniformity)
fn load_gradient8(row: u32, column: u32) -> mat2x4<f32> {
  let value = gradient[row * params.outFeatures + min(column + gradient_lane, params.outFeatures - 1u)];
  return mat2x4<f32>(
    subgroupBroadcast(value, 0u),
    subgroupBroadcast(value, 1u),
    subgroupBroadcast(value, 2u),
    subgroupBroadcast(value, 3u),
    subgroupBroadcast(value, 4u),
    subgroupBroadcast(value, 5u),
    subgroupBroadcast(value, 6u),
    subgroupBroadcast(value, 7u),
  );
}
