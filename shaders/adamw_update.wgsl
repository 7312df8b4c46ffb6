// g ← g · min(1, maxGradNorm / norm);  m ← β1 m + (1 − β1) g;  v ← β2 v + (1 − β2) g²
// p ← p − lr · (weightDecay · p + (m / (1 − β1^t)) / (√(v / (1 − β2^t)) + ε))
//
// p, gradients, m, v [count] of vec4, norm [1] as f32 bits. One invocation a vec4. f32. Nothing is written when the
// norm's exponent bits are all ones (NaN or infinity).
@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y, WORKGROUP_Z)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(group, groups, local);
  let bits = norm_bits[0];
  if (index >= params.count || (bits & 0x7f800000u) == 0x7f800000u) {
    return;
  }
  let norm = bitcast<f32>(bits);
  var clip = 1.0;
  if (step.maxGradNorm > 0.0 && norm > step.maxGradNorm) {
    clip = step.maxGradNorm / norm;
  }
  let g = gradients[index] * clip;
  let m_new = step.beta1 * m[index] + (1.0 - step.beta1) * g;
  let v_new = step.beta2 * v[index] + (1.0 - step.beta2) * g * g;
  let update = (m_new / step.biasCorrection1) / (sqrt(v_new / step.biasCorrection2) + step.epsilon);
  let p = values[index];
  m[index] = m_new;
  v[index] = v_new;
  values[index] = p - step.learningRate * (step.weightDecay * p + update);
}
