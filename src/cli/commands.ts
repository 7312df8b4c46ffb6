import type { CommandSpec, OptionSpec } from './command.ts'

const model: OptionSpec = {
  value: 'DIR',
  required: true,
  help: 'Hugging Face model folder (config.json, model.safetensors, tokenizer.json)',
}
const data: OptionSpec = {
  value: 'FILE',
  required: true,
  help: 'dataset: JSONL, JSON, text or rows of input_ids',
}
const config: OptionSpec = {
  value: 'RUN.json',
  help: 'settings (docs/run-config.md); what it leaves out has its default',
}
const adapter: OptionSpec = {
  value: 'PEFT_DIR',
  help: 'LoRA adapter to start from: adapter_config.json, adapter_model.safetensors',
}
const skipBadRows: OptionSpec = { help: 'list rows that cannot be used and go on without them' }

/** Options of every command. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  runtime: { value: 'chromium|dawn', help: 'headless Chromium (default), or Node on Dawn' },
  json: { help: 'print one JSON document on standard output' },
  help: { help: 'print this text' },
}

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'finetune',
    summary: 'train a LoRA adapter on a (quantized) base model',
    options: {
      model,
      data,
      'eval-data': { value: 'FILE', help: 'dataset to evaluate on while training' },
      config,
      adapter,
      out: {
        value: 'DIR',
        required: true,
        help: 'folder for metrics.jsonl, checkpoint/, adapter/, run.json, summary.json',
      },
      resume: { help: 'go on from DIR/checkpoint' },
      'skip-bad-rows': skipBadRows,
    },
    load: () => import('./finetune.ts'),
  },
  {
    name: 'evaluate',
    summary: 'loss and perplexity over the supervised tokens of a dataset',
    options: { model, adapter, data, config, 'skip-bad-rows': skipBadRows },
    load: () => import('./evaluate.ts'),
  },
  {
    name: 'logits',
    summary: 'write the last-layer logits of the first batch',
    options: {
      model,
      adapter,
      data,
      out: { value: 'FILE.safetensors', required: true, help: 'file for the tensor "logits", F32 [B, T, V]' },
      config,
      'skip-bad-rows': skipBadRows,
    },
    load: () => import('./logits.ts'),
  },
  {
    name: 'generate',
    summary: 'continue a text, or answer with the chat template',
    options: {
      model,
      adapter: {
        ...adapter,
        help: 'LoRA adapter to speak with: adapter_config.json, adapter_model.safetensors',
      },
      prompt: {
        value: 'TEXT',
        required: true,
        mayBeEmpty: true,
        help: 'text to continue ("": begin one); with --chat, what the user says',
      },
      chat: { help: 'put the prompt into the model’s chat template' },
      'max-new-tokens': { value: 'N', help: 'longest text (default 256)' },
      temperature: { value: 'T', help: '0, the default, takes the most likely token every time' },
      'top-k': { value: 'K', help: 'draw from the K most likely tokens only' },
      'top-p': { value: 'P', help: 'draw from the most likely tokens that together reach P' },
      seed: { value: 'N', help: 'decides the draws (default 0)' },
      config,
    },
    load: () => import('./generate.ts'),
  },
  {
    name: 'quantize',
    summary: 'write the model as a bitsandbytes-compatible 4-bit checkpoint',
    options: { model, out: { value: 'DIR', required: true, help: 'folder for the checkpoint' }, config },
    load: () => import('./quantize.ts'),
  },
  {
    name: 'inspect',
    summary: 'quantization error of every tensor',
    options: { model, config },
    load: () => import('./inspect.ts'),
  },
  {
    name: 'plan',
    summary: 'the memory a run will take, computed without a GPU',
    options: {
      model,
      config: { ...config, required: true },
      'device-limits': {
        value: 'FILE',
        help: 'JSON of WebGPU limits, or a run.json (default: those every device has)',
      },
    },
    load: () => import('./plan.ts'),
  },
  {
    name: 'verify',
    summary: 'whether this GPU computes what it should, check by check',
    options: {},
    load: () => import('./verify.ts'),
  },
]

/** Commands of the contract that this version does not have. */
export const LATER_COMMANDS: readonly string[] = ['merge', 'export']
