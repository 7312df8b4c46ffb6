// left [*, params.leftWidth], any width: zeros past the last column. For workgroups whose lanes all ask for the same row
// and column: each of four lanes reads one element and hands it to the others.
var<private> left_lane: u32;

@diagnostic(off, subgroup_uniformity)
fn begin_left() {
  left_lane = subgroupExclusiveAdd(1u) & 3u;
}

@diagnostic(off, subgroup_uniformity)
fn load_left4(row: u32, column: u32) -> vec4<f32> {
  let mine = column + left_lane;
  let value = select(left[row * params.leftWidth + mine], 0.0, mine >= params.leftWidth);
  return vec4<f32>(
    subgroupBroadcast(value, 0u),
    subgroupBroadcast(value, 1u),
    subgroupBroadcast(value, 2u),
    subgroupBroadcast(value, 3u),
  );
}
