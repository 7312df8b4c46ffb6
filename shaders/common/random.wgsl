// Counter-based randomness, word for word util/random.ts, and dropout made of it: an element is dropped iff
// hash32(seed, step, microStep, dropoutMask, element) < dropoutThreshold; what is kept is scaled by 1 / (1 − p).
fn mix32(value: u32) -> u32 {
  var x = value;
  x ^= x >> 16u;
  x *= 0x7feb352du;
  x ^= x >> 15u;
  x *= 0x846ca68bu;
  return x ^ (x >> 16u);
}

fn hash_word(hash: u32, word: u32) -> u32 {
  return mix32((hash ^ word) + 0x9e3779b9u);
}

// hash32(seed, step, microStep, dropoutMask), once for each invocation.
var<private> dropout_key: u32;

fn begin_dropout() {
  let per_step = hash_word(hash_word(hash_word(0x2545f491u, step.seed), step.step), step.microStep);
  dropout_key = hash_word(per_step, params.dropoutMask);
}

// Four consecutive elements from `element` on.
fn drop4(value: vec4<f32>, element: u32) -> vec4<f32> {
  let hashes = vec4<u32>(
    hash_word(dropout_key, element),
    hash_word(dropout_key, element + 1u),
    hash_word(dropout_key, element + 2u),
    hash_word(dropout_key, element + 3u),
  );
  return select(params.dropoutScale * value, vec4<f32>(0.0), hashes < vec4<u32>(params.dropoutThreshold));
}
