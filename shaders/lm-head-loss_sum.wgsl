// loss_sum[0] += Σ_n token_loss[n]; loss_sum[1] += number of n with targets[n] >= 0
//
// token_loss [N] f32, targets [N] i32. One workgroup; each invocation sums every WORKGROUP_X-th in order, then a tree in a
// fixed order. f32: the count is exact below 2^24 tokens.
var<workgroup> partial: array<vec2<f32>, WORKGROUP_X>;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(@builtin(local_invocation_index) local: u32) {
  var mine = vec2<f32>(0.0);
  for (var n = local; n < params.rows; n += WORKGROUP_X) {
    mine += vec2<f32>(token_loss[n], select(0.0, 1.0, targets[n] >= 0));
  }
  partial[local] = mine;
  for (var stride = WORKGROUP_X / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (local < stride) {
      partial[local] += partial[local + stride];
    }
  }
  if (local == 0u) {
    loss_sum[0] += partial[0].x;
    loss_sum[1] += partial[0].y;
  }
}
