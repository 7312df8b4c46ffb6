// token_loss[n] = log Σ_v e^logits[r, v] − logits[r, targets[n]],  n = firstRow + r; 0 where targets[n] < 0
// train: logits[r, v] becomes inverseCount · (softmax(logits[r])[v] − [v = targets[n]]); 0 where targets[n] < 0
//
// logits [rows, vocab], targets [N] and token_loss [N] i32 and f32. A workgroup a row: each invocation folds every
// WORKGROUP_X-th logit into a running maximum and a running sum of e^(logit − maximum), all in f32; these are joined in a
// fixed order, 16 at a time and then the rest, with two barriers.
const LOWEST = -3.4028234e38;
const FAN = 16u;
const JOINED = (WORKGROUP_X + FAN - 1u) / FAN;

// Running maximum and sum.
var<workgroup> folded: array<vec2<f32>, WORKGROUP_X>;
var<workgroup> joined: array<vec2<f32>, JOINED>;

fn join(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  let highest = max(a.x, b.x);
  return vec2<f32>(highest, a.y * exp(a.x - highest) + b.y * exp(b.x - highest));
}

fn logit_or_lowest(start: u32, v: u32) -> f32 {
  return select(LOWEST, logits[start + min(v, params.vocab - 1u)], v < params.vocab);
}

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = flat_group(group, groups);
  if (row >= params.rows) {
    return;
  }
  let start = row * params.vocab;
  var mine = vec2<f32>(LOWEST, 0.0);
  for (var v = local; v < params.vocab; v += 4u * WORKGROUP_X) {
    let four = vec4<f32>(
      logits[start + v],
      logit_or_lowest(start, v + WORKGROUP_X),
      logit_or_lowest(start, v + 2u * WORKGROUP_X),
      logit_or_lowest(start, v + 3u * WORKGROUP_X),
    );
    let highest = max(mine.x, max(max(four.x, four.y), max(four.z, four.w)));
    mine = vec2<f32>(highest, mine.y * exp(mine.x - highest) + dot(exp(four - highest), vec4<f32>(1.0)));
  }
  folded[local] = mine;
  workgroupBarrier();
  if (local < JOINED) {
    var sum = folded[local * FAN];
    for (var i = local * FAN + 1u; i < min(local * FAN + FAN, WORKGROUP_X); i++) {
      sum = join(sum, folded[i]);
    }
    joined[local] = sum;
  }
  workgroupBarrier();
  var whole = joined[0];
  for (var i = 1u; i < JOINED; i++) {
    whole = join(whole, joined[i]);
  }

  let n = params.firstRow + row;
  let target_id = targets[n];
  let supervised = target_id >= 0;
  let target_column = u32(max(target_id, 0));
  if (local == target_column % WORKGROUP_X) {
    // The invocation that overwrites this logit below.
    let loss = log(whole.y) + (whole.x - logits[start + target_column]);
    token_loss[n] = select(0.0, loss, supervised);
  }
  if (params.train != 0u) {
    let scale = select(0.0, step.inverseCount, supervised);
    let per_exponential = scale / whole.y;
    for (var v = local; v < params.vocab; v += WORKGROUP_X) {
      let probability = per_exponential * exp(logits[start + v] - whole.x);
      logits[start + v] = select(probability, probability - scale, v == target_column);
    }
  }
}
