// max_bits[b] = max over block b of bits(|w|), magnitudes below 2^-126 as 0
//
// weight [elements] of any dense format, max_bits [blocks] u32. One invocation a block. As unsigned integers, magnitudes
// order like the floats they stand for, and NaN and infinity stay visible (>= 0x7f800000) however a GPU treats them.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let block = flat_index(group, groups, local);
  if (block >= params.blocks) {
    return;
  }
  let first = block * params.blockSize;
  let end = min(first + params.blockSize, params.elements);
  var largest = 0u;
  for (var i = first; i < end; i++) {
    largest = max(largest, bitcast<u32>(load_weight(i)) & 0x7fffffffu);
  }
  max_bits[block] = select(largest, 0u, largest < 0x00800000u);
}
