/**
 * NormalFloat 4 (QLoRA, Dettmers et al. 2023, §3 and appendix E): 16 values in [-1, 1], each equally likely for normally
 * distributed weights, with an exact zero. Indexed by 4-bit code; the published float32 values.
 */
export const NF4_CODE = Float32Array.of(
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1,
)
