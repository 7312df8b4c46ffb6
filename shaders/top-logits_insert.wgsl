// top[b, :] = the TOP largest of block b's entries, largest first, ties by token
//
// Shapes as in top-logits_sort.wgsl. The variant for software adapters: an invocation a block keeps a sorted list and
// inserts what beats its last; entries come in rising order of token among equals, so a tie never moves ahead.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let block = flat_index(group, groups, local);
  let first = block * BLOCK;
  if (first >= params.count) {
    return;
  }
  var orders: array<u32, TOP>;
  var tokens: array<u32, TOP>;
  for (var i = 0u; i < TOP; i++) {
    orders[i] = 0u;
    tokens[i] = NO_TOKEN;
  }
  let end = min(first + BLOCK, params.count);
  for (var index = first; index < end; index++) {
    let found = entry(index);
    let order = order_of(found.y);
    if (found.x == NO_TOKEN || order <= orders[TOP - 1u]) {
      continue;
    }
    var place = TOP - 1u;
    while (place > 0u && orders[place - 1u] < order) {
      orders[place] = orders[place - 1u];
      tokens[place] = tokens[place - 1u];
      place--;
    }
    orders[place] = order;
    tokens[place] = found.x;
  }
  for (var i = 0u; i < TOP; i++) {
    top[block * TOP + i] = vec2<u32>(tokens[i], bits_of(orders[i]));
  }
}
