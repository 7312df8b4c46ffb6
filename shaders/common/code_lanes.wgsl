// The 16 values of the 4-bit code, two in each of the eight lanes of a subgroup, all of which must be active.
var<private> low_code: f32;
var<private> high_code: f32;

@diagnostic(off, subgroup_uniformity)
fn code_value(code: u32) -> f32 {
  return select(subgroupShuffle(low_code, code & 7u), subgroupShuffle(high_code, code & 7u), code > 7u);
}

@diagnostic(off, subgroup_uniformity)
fn begin_weights(local: u32) {
  let lane = subgroupExclusiveAdd(1u);
  low_code = codebook[lane];
  high_code = codebook[8u + lane];
  begin_scales();
}
