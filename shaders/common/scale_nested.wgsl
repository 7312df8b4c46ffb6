// Scales of blocks quantized themselves: map[8-bit code] · nested scale of 256 blocks + offset. The map stands behind the
// 16 values of the 4-bit code.
var<private> scale_offset: f32;

fn begin_scales() {
  scale_offset = bitcast<f32>(weight[params.weightNestedScales - 1u]);
}

fn block_scale(block: u32) -> f32 {
  let code = (weight[params.weightScales + (block >> 2u)] >> ((block & 3u) * 8u)) & 255u;
  let nested_scale = bitcast<f32>(weight[params.weightNestedScales + (block >> 8u)]);
  return codebook[16u + code] * nested_scale + scale_offset;
}
