// A weight as Value; index counts groups of four.
fn load_weight_value(index: u32) -> Value {
  return load_weight4(index);
}
