export const metrics = {
  'train/loss': 'The loss',
  'eval/loss': 'The held-out loss',
  'optimizer/lr': 'The learning rate',
  'optimizer/grad_norm': 'The gradient norm',
  'speed/tokens_per_second': 'The speed',
  'speed/step_ms': 'The time of a step',
  'memory/gpu_bytes': 'The GPU memory',
  'train/supervised_tokens': 'The number of learned tokens',
  'train/epoch': 'The epoch',
} as const
