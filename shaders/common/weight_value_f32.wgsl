// A weight as Value; index counts elements.
fn load_weight_value(index: u32) -> Value {
  return load_weight(index);
}
