// Which tiles a workgroup can leave out: those that share no segment with its own tokens. Packed documents are
// contiguous, and a range of segments is enough to tell; other orders only skip less.
var<workgroup> span_bound: atomic<u32>;
var<workgroup> span_result: u32;

struct SegmentRange {
  lowest: u32,
  highest: u32,
}

fn segment_range(first_token: u32, start: u32, end: u32) -> SegmentRange {
  var range = SegmentRange(0xffffffffu, 0u);
  for (var position = start; position < end; position++) {
    let segment = segments[first_token + position];
    range.lowest = min(range.lowest, segment);
    range.highest = max(range.highest, segment);
  }
  return range;
}

// First position up to `start` with a segment in the range of those at [start, end). Uniform over the workgroup.
fn first_shared_position(first_token: u32, start: u32, end: u32, local: u32) -> u32 {
  let range = segment_range(first_token, start, end);
  if (local == 0u) {
    atomicStore(&span_bound, start);
  }
  workgroupBarrier();
  for (var position = local; position < start; position += WORKGROUP_X) {
    let segment = segments[first_token + position];
    if (segment >= range.lowest && segment <= range.highest) {
      atomicMin(&span_bound, position);
      break;
    }
  }
  workgroupBarrier();
  if (local == 0u) {
    span_result = atomicLoad(&span_bound);
  }
  return workgroupUniformLoad(&span_result);
}

// End of the positions from `end` on with a segment in the range of those at [start, end). Uniform over the workgroup.
fn end_of_shared_positions(first_token: u32, start: u32, end: u32, local: u32) -> u32 {
  let range = segment_range(first_token, start, end);
  if (local == 0u) {
    atomicStore(&span_bound, end);
  }
  workgroupBarrier();
  for (var position = end + local; position < params.sequenceLength; position += WORKGROUP_X) {
    let segment = segments[first_token + position];
    if (segment >= range.lowest && segment <= range.highest) {
      atomicMax(&span_bound, position + 1u);
    }
  }
  workgroupBarrier();
  if (local == 0u) {
    span_result = atomicLoad(&span_bound);
  }
  return workgroupUniformLoad(&span_result);
}
