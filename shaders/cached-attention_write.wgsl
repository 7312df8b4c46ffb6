// keys[cacheLength + n] = k[n]; values[cacheLength + n] = v[n]   for the tokens n < tokenCount of this call
//
// k, v [N, kvHeads, HD], keys, values [capacity, kvHeads, HD], all in vec4; `width` vec4s a token. One invocation a vec4 of
// each. What the cache holds before cacheLength and from cacheLength + tokenCount on is left alone.
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(group, groups, local);
  let token = index / params.width;
  let position = step.cacheLength + token;
  if (index >= params.count || token >= step.tokenCount || position >= params.capacity) {
    return;
  }
  let to = position * params.width + index % params.width;
  keys[to] = k[index];
  values[to] = v[index];
}
