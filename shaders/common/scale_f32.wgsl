// Scales of blocks stored as f32 behind the codes.
fn begin_scales() {
}

fn block_scale(block: u32) -> f32 {
  return bitcast<f32>(weight[params.weightScales + block]);
}
