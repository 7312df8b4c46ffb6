import type { RunConfigInput } from './schema.ts'

export interface Preset {
  id: 'quick-try' | 'balanced' | 'thorough'
  label: string
  help: string
  config: RunConfigInput
}

/** Starting points. 'quick-try' is fitted to the device's measured rate before it is shown (session/quick-try). */
export const PRESETS: readonly Preset[] = [
  {
    id: 'quick-try',
    label: 'Quick try',
    help: 'A short run that shows the effect in about two minutes on this device.',
    config: {
      lora: { rank: 8, alpha: 16 },
      data: { maxSeqLength: 64, packing: false },
      train: { maxSteps: 60, batchSize: 8, gradAccumSteps: 1, gradientCheckpointing: false, saveEvery: 10 },
      optimizer: { lr: 2e-3, schedule: 'constant' },
    },
  },
  {
    id: 'balanced',
    label: 'Balanced',
    help: 'A few passes over the data with some rows held out to measure progress.',
    config: {
      lora: { rank: 8, alpha: 16 },
      data: { maxSeqLength: 256, packing: false, evalFraction: 0.1 },
      train: { numEpochs: 3, batchSize: 4, gradAccumSteps: 4, evalEvery: 25, saveEvery: 25 },
      optimizer: { lr: 1e-3, schedule: 'cosine', warmupSteps: 10 },
    },
  },
  {
    id: 'thorough',
    label: 'Thorough',
    help: 'The QLoRA paper’s habits: rank 16, packing, accumulation over 16 sequences.',
    config: {
      lora: { rank: 16, alpha: 16 },
      data: { maxSeqLength: 512, packing: true, evalFraction: 0.1 },
      train: { numEpochs: 3, batchSize: 2, gradAccumSteps: 8, evalEvery: 25, saveEvery: 25 },
      optimizer: { lr: 2e-4, schedule: 'constant' },
    },
  },
]
