import { z } from 'zod'

/**
 * RunConfig: everything that decides a run, and the file that the page and the terminal both read and write.
 * One schema gives types, defaults, ranges, help for forms and errors. Unknown keys are refused: a typo must not be
 * a silent default.
 */

/** zod would compile its checks with `new Function`, which the studio's content security policy refuses. */
z.config({ jitless: true })

/** What a form needs to know of a field beyond its range. Kept in the schema so that text and check cannot drift. */
export interface FieldHelp {
  label: string
  help: string
  unit?: string
  /** 0 preset level, 1 common, 2 all fields. */
  depth: 0 | 1 | 2
}

export const fieldHelp = z.registry<FieldHelp>()

const quantization = z.strictObject({
  type: z.enum(['nf4', 'fp4', 'int4', 'int8', 'none']).default('nf4').register(fieldHelp, {
    label: 'Number format',
    help: 'How the frozen weights are stored: NF4 fits normally distributed weights best.',
    depth: 1,
  }),
  blockSize: z
    .union([32, 64, 128, 256, 512, 1024, 2048, 4096].map((size) => z.literal(size)))
    .default(64)
    .register(fieldHelp, {
      label: 'Block size',
      help: 'Weights that share one scale. Smaller is more exact and takes more memory.',
      unit: 'weights',
      depth: 2,
    }),
  doubleQuant: z.boolean().default(true).register(fieldHelp, {
    label: 'Double quantization',
    help: 'Stores the scales in 8 bits too: 4.5 become 4.127 bits per weight.',
    depth: 1,
  }),
  rounding: z
    .enum(['nearest', 'stochastic'])
    .default('nearest')
    .register(fieldHelp, { label: 'Rounding', help: 'QLoRA rounds to the nearest code.', depth: 2 }),
  calibration: z.enum(['absmax', 'mse', 'percentile', 'kl']).default('absmax').register(fieldHelp, {
    label: 'Scale',
    help: 'How a block’s scale is chosen; QLoRA takes its largest magnitude (absmax).',
    depth: 2,
  }),
})

export const LINEAR_MODULES = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const
export type LinearModule = (typeof LINEAR_MODULES)[number]

const lora = z.strictObject({
  rank: z.int().min(1).max(256).default(16).register(fieldHelp, {
    label: 'Rank',
    help: 'Size of the trained adapter: higher can learn more and takes more memory.',
    depth: 1,
  }),
  alpha: z.number().positive().max(4096).default(16).register(fieldHelp, {
    label: 'Alpha',
    help: 'Strength of the adapter: its output is scaled by alpha / rank.',
    depth: 1,
  }),
  dropout: z.number().min(0).lt(1).default(0).register(fieldHelp, {
    label: 'Dropout',
    help: 'Share of the adapter’s inputs switched off at random while training.',
    depth: 2,
  }),
  targetModules: z
    .union([z.literal('all-linear'), z.array(z.enum(LINEAR_MODULES)).min(1)])
    .default('all-linear')
    .register(fieldHelp, {
      label: 'Adapted layers',
      help: 'Which linear layers of every block get an adapter.',
      depth: 2,
    }),
  useRslora: z.boolean().default(false).register(fieldHelp, {
    label: 'Rank-stabilised scaling',
    help: 'Scales by alpha / √rank (rsLoRA), steadier at high ranks.',
    depth: 2,
  }),
  useDora: z
    .boolean()
    .default(false)
    .register(fieldHelp, { label: 'DoRA', help: 'Trains direction and magnitude apart.', depth: 2 }),
})

const column = () => z.string().min(1)

/** Which columns of a dataset play which role. */
export const columnChoiceSchema = z.discriminatedUnion('shape', [
  z.strictObject({
    shape: z.literal('pair'),
    prompt: z.array(column()).min(1),
    answer: column(),
    system: column().optional(),
  }),
  z.strictObject({ shape: z.literal('messages'), messages: column() }),
  z.strictObject({ shape: z.literal('conversations'), conversations: column() }),
  z.strictObject({ shape: z.literal('text'), text: column() }),
])
/** A pair's prompt columns are put one below the other; messages have role and content, conversations from and value. */
export type ColumnChoice = z.infer<typeof columnChoiceSchema>

const data = z.strictObject({
  maxSeqLength: z.int().min(2).max(131072).default(512).register(fieldHelp, {
    label: 'Remembers at a time',
    help: 'Longest sequence trained on; longer rows are cut.',
    unit: 'tokens',
    depth: 1,
  }),
  packing: z.boolean().default(true).register(fieldHelp, {
    label: 'Packing',
    help: 'Puts short rows together into one sequence; they never see one another.',
    depth: 1,
  }),
  shuffle: z.boolean().default(true).register(fieldHelp, {
    label: 'Shuffle',
    help: 'New order of the rows in every epoch, fixed by the seed.',
    depth: 2,
  }),
  trainOn: z.enum(['completion', 'all']).default('completion').register(fieldHelp, {
    label: 'Learn from',
    help: 'Only the answers, or the prompts as well.',
    depth: 1,
  }),
  evalFraction: z.number().min(0).lt(1).default(0).register(fieldHelp, {
    label: 'Held out',
    help: 'Share of the rows kept aside to measure progress on unseen text.',
    depth: 1,
  }),
  dropDuplicates: z.boolean().default(false).register(fieldHelp, {
    label: 'Leave out duplicates',
    help: 'Rows that say exactly the same as an earlier one are left out.',
    depth: 2,
  }),
  mapping: columnChoiceSchema.nullable().default(null).register(fieldHelp, {
    label: 'Columns',
    help: 'Which columns of the dataset are prompt, answer, conversation or text; null recognises them by their names.',
    depth: 2,
  }),
})

const train = z.strictObject({
  maxSteps: z.int().min(0).default(0).register(fieldHelp, {
    label: 'Steps',
    help: 'Updates to make; 0 follows the number of epochs.',
    unit: 'steps',
    depth: 0,
  }),
  numEpochs: z
    .number()
    .positive()
    .max(10000)
    .default(1)
    .register(fieldHelp, { label: 'Epochs', help: 'Passes over the dataset when steps is 0.', depth: 1 }),
  batchSize: z.int().min(1).max(4096).default(2).register(fieldHelp, {
    label: 'Batch size',
    help: 'Sequences computed at once: more is faster and takes more memory.',
    unit: 'sequences',
    depth: 1,
  }),
  gradAccumSteps: z.int().min(1).max(4096).default(8).register(fieldHelp, {
    label: 'Gradient accumulation',
    help: 'Batches whose gradients are added before one update.',
    unit: 'batches',
    depth: 1,
  }),
  seed: z.int().min(0).max(0xffffffff).default(42).register(fieldHelp, {
    label: 'Seed',
    help: 'Fixes every random choice, so that a run can be repeated exactly.',
    depth: 2,
  }),
  gradientCheckpointing: z.boolean().default(true).register(fieldHelp, {
    label: 'Gradient checkpointing',
    help: 'Recomputes activations instead of keeping them: about a third slower, far less memory.',
    depth: 2,
  }),
  evalEvery: z.int().min(0).default(0).register(fieldHelp, {
    label: 'Evaluate every',
    help: 'Steps between evaluations; 0 only at the end.',
    unit: 'steps',
    depth: 1,
  }),
  saveEvery: z.int().min(0).default(0).register(fieldHelp, {
    label: 'Save every',
    help: 'Steps between checkpoints; 0 only at the end.',
    unit: 'steps',
    depth: 2,
  }),
  logEvery: z.int().min(1).default(1).register(fieldHelp, {
    label: 'Log every',
    help: 'Steps between logged metrics.',
    unit: 'steps',
    depth: 2,
  }),
})

const bytes = () => z.int().min(0).nullable().default(null)

const optimizer = z.strictObject({
  type: z
    .enum(['adamw', 'adamw8bit'])
    .default('adamw')
    .register(fieldHelp, { label: 'Optimizer', help: 'AdamW with 32-bit moments.', depth: 2 }),
  lr: z
    .number()
    .positive()
    .max(10)
    .default(2e-4)
    .register(fieldHelp, { label: 'Learning rate', help: 'Size of each update.', depth: 1 }),
  beta1: z
    .number()
    .min(0)
    .lt(1)
    .default(0.9)
    .register(fieldHelp, { label: 'Beta 1', help: 'Memory of the gradient’s mean.', depth: 2 }),
  beta2: z
    .number()
    .min(0)
    .lt(1)
    .default(0.999)
    .register(fieldHelp, { label: 'Beta 2', help: 'Memory of the gradient’s square.', depth: 2 }),
  eps: z
    .number()
    .positive()
    .max(1)
    .default(1e-8)
    .register(fieldHelp, { label: 'Epsilon', help: 'Keeps the division of AdamW finite.', depth: 2 }),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .register(fieldHelp, { label: 'Weight decay', help: 'Pulls trained weights towards zero.', depth: 2 }),
  maxGradNorm: z.number().min(0).default(0.3).register(fieldHelp, {
    label: 'Largest gradient norm',
    help: 'Longer gradients are shortened to this; 0 leaves them.',
    depth: 2,
  }),
  schedule: z
    .enum(['constant', 'linear', 'cosine'])
    .default('constant')
    .register(fieldHelp, { label: 'Schedule', help: 'How the learning rate falls over the run.', depth: 1 }),
  warmupSteps: z.int().min(0).default(0).register(fieldHelp, {
    label: 'Warm-up',
    help: 'Steps over which the learning rate rises from zero.',
    unit: 'steps',
    depth: 1,
  }),
  paging: z
    .strictObject({
      gpuBudgetBytes: bytes().register(fieldHelp, {
        label: 'GPU budget',
        help: 'Memory for Adam’s moments on the GPU; without a budget all of them stay there.',
        unit: 'bytes',
        depth: 1,
      }),
      hostBudgetBytes: bytes().register(fieldHelp, {
        label: 'Host budget',
        help: 'Memory for Adam’s moments beside the GPU; what has no room there goes to the storage.',
        unit: 'bytes',
        depth: 1,
      }),
      pageBytes: bytes().register(fieldHelp, {
        label: 'Page size',
        help: 'Size of one page of moments; empty is chosen.',
        unit: 'bytes',
        depth: 2,
      }),
    })
    .prefault({}),
})

export const runConfigSchema = z.strictObject({
  method: z.enum(['qlora', 'lora', 'full']).default('qlora').register(fieldHelp, {
    label: 'Method',
    help: 'QLoRA trains a small adapter through a 4-bit base; LoRA keeps the base in 16 or 32 bits; full trains every weight in 32 bits.',
    depth: 1,
  }),
  quantization: quantization.prefault({}),
  lora: lora.prefault({}),
  data: data.prefault({}),
  train: train.prefault({}),
  optimizer: optimizer.prefault({}),
})

export type RunConfig = z.infer<typeof runConfigSchema>
/** A (partial) RunConfig as a person writes it. */
export type RunConfigInput = z.input<typeof runConfigSchema>
export type QuantizationConfig = RunConfig['quantization']
export type LoraConfig = RunConfig['lora']
export type OptimizerConfig = RunConfig['optimizer']
