// Where rows of attention stand. q and o [B · T, heads, HD], k and v [B · T, kvHeads, HD] in vec4; query head h reads
// kv head h / (heads / kvHeads). A token attends to itself and earlier tokens of its sequence and segment.
const MASKED = -1e30;
// Below every real score, above MASKED: the running maximum before the first key.
const LOWEST = -1e29;

fn query_row(sequence: u32, position: u32, head: u32) -> u32 {
  return (sequence * params.sequenceLength + position) * params.heads + head;
}

fn key_row(sequence: u32, position: u32, kv_head: u32) -> u32 {
  return (sequence * params.sequenceLength + position) * params.kvHeads + kv_head;
}

fn sum4(v: vec4<f32>) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}
