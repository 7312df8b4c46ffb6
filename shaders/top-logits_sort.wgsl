// top[b, :] = the TOP largest of block b's entries, largest first, ties by token
//
// Entries (top_from_*.wgsl) 0 … count, BLOCK to a workgroup, top [blocks, TOP] as (token, bits of the logit). A bitonic
// sort of the whole block in workgroup memory (Batcher 1968).
var<workgroup> orders: array<u32, BLOCK>;
var<workgroup> tokens: array<u32, BLOCK>;

fn is_before(a: u32, b: u32) -> bool {
  return orders[a] > orders[b] || (orders[a] == orders[b] && tokens[a] < tokens[b]);
}

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let block = flat_group(group, groups);
  if (block * BLOCK >= params.count) {
    return;
  }
  for (var i = local; i < BLOCK; i += WORKGROUP_X) {
    let index = block * BLOCK + i;
    orders[i] = 0u;
    tokens[i] = NO_TOKEN;
    if (index < params.count) {
      let found = entry(index);
      if (found.x != NO_TOKEN) {
        orders[i] = order_of(found.y);
        tokens[i] = found.x;
      }
    }
  }
  for (var size = 2u; size <= BLOCK; size <<= 1u) {
    for (var distance = size >> 1u; distance > 0u; distance >>= 1u) {
      workgroupBarrier();
      for (var pair = local; pair < BLOCK / 2u; pair += WORKGROUP_X) {
        let a = 2u * pair - (pair & (distance - 1u));
        let b = a + distance;
        let falling = (a & size) == 0u;
        if (is_before(b, a) == falling) {
          let order = orders[a];
          let token = tokens[a];
          orders[a] = orders[b];
          tokens[a] = tokens[b];
          orders[b] = order;
          tokens[b] = token;
        }
      }
    }
  }
  workgroupBarrier();
  for (var i = local; i < TOP; i += WORKGROUP_X) {
    top[block * TOP + i] = vec2<u32>(tokens[i], bits_of(orders[i]));
  }
}
