// Four elements at a time: for extents that are multiples of 4.
alias Value = vec4<f32>;

fn sum_of(value: Value) -> f32 {
  return (value.x + value.y) + (value.z + value.w);
}
