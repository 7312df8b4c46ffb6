// packed[w] = codes of elements 8w … 8w+7; code = order[#{t : clamp(x · reciprocal[block]) > t}]
//
// weight [elements] of any dense format, reciprocals [blocks] f32 from the host (WGSL's division is not exactly rounded),
// packed: the words of a quantized matrix, codes first. One invocation a word of 8 codes: byte k holds elements 2k (high
// nibble) and 2k+1 (low). Blocks that the host rounds itself (short, or without a normal reciprocal) are overwritten by it.
// f32; values and products below 2^-126 count as 0, as a CPU does here.
fn flushed(value: f32) -> f32 {
  return select(value, 0.0, (bitcast<u32>(value) & 0x7fffffffu) < 0x00800000u);
}

fn code_of(index: u32) -> u32 {
  if (index >= params.elements) {
    // An odd number of elements is padded with the value 0.0; what follows is no code.
    return select(0u, code_of_rank(rank_of(0.0)), index == params.elements && (params.elements & 1u) == 1u);
  }
  let scaled = flushed(flushed(load_weight(index)) * reciprocals[index >> params.blockShift]);
  return code_of_rank(rank_of(clamp(scaled, -1.0, 1.0)));
}

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let word = flat_index(group, groups, local);
  if (word >= params.words) {
    return;
  }
  var bits = 0u;
  for (var k = 0u; k < 4u; k++) {
    let even = word * 8u + k * 2u;
    bits |= ((code_of(even) << 4u) | code_of(even + 1u)) << (k * 8u);
  }
  packed[word] = bits;
}
