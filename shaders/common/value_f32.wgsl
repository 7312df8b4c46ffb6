// One element at a time: for extents that are not multiples of 4.
alias Value = f32;

fn sum_of(value: Value) -> f32 {
  return value;
}
