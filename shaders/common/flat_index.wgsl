// Index of an invocation in a dispatch that spreads over x and y (graph/device.ts, spreadWorkgroups).
fn flat_group(group: vec3<u32>, groups: vec3<u32>) -> u32 {
  return group.x + group.y * groups.x;
}

fn flat_index(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
  return flat_group(group, groups) * WORKGROUP_X + local;
}
