// values[o, i] = W[o, i]
//
// W [out, in] of any format, values [out, in] f32. One invocation a run of 4 columns. What a software adapter does once
// before a product, because there decoding costs more than the multiplications it feeds.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(group, groups, local);
  let across = (params.inFeatures + 3u) / 4u;
  let row = index / across;
  let column = (index % across) * 4u;
  if (row >= params.outFeatures) {
    return;
  }
  store_product4(row, column, load_weight_row4(row, column));
}
