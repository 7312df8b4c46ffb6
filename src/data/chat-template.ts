import { Template } from '@huggingface/jinja'
import type { Tokenizer } from '../formats/tokenizer.ts'
import { inputError } from '../util/errors.ts'

export interface ChatMessage {
  role: string
  content: string
}

/**
 * The studio's template for tokenizers that have none: ChatML-like, but in plain words and with the tokenizer's own EOS
 * as end of turn, since a base model has no token for `<|im_start|>`.
 */
export const DEFAULT_CHAT_TEMPLATE =
  "{{ bos_token if bos_token and bos_token != eos_token else '' }}" +
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] }}" +
  "{{ (eos_token if message['role'] == 'assistant' and eos_token else '<|im_end|>') + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

export interface ChatTemplate {
  /** The text that generation feeds (with `addGenerationPrompt`) or that training sees. Throws what the template raises. */
  render(messages: readonly ChatMessage[], options?: { addGenerationPrompt?: boolean }): string
  /** Ids of `render(messages, addGenerationPrompt)`: exactly what generation feeds. BOS comes from the template only. */
  promptIds(messages: readonly ChatMessage[]): number[]
  /** True when the tokenizer has no template and the studio's is used. */
  readonly isDefault: boolean
  /** Where generation stops: EOS and the template's end-of-turn token. */
  readonly stopIds: ReadonlySet<number>
}

/** Throws `input/chat-template` when the template cannot be parsed. */
export function chatTemplateFor(tokenizer: Tokenizer): ChatTemplate {
  const isDefault = tokenizer.chatTemplate === undefined
  let template: Template
  try {
    template = new Template(tokenizer.chatTemplate ?? DEFAULT_CHAT_TEMPLATE)
  } catch (error) {
    throw inputError('chat-template', [
      {
        message: `The tokenizer's chat template cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        fix: 'Mend chat_template in tokenizer_config.json (or chat_template.jinja), or remove it to use the studio’s own.',
      },
    ])
  }
  const variables = { bos_token: '', eos_token: '', ...tokenizer.specialTokens }
  const render: ChatTemplate['render'] = (messages, options) =>
    template.render({ ...variables, messages, add_generation_prompt: options?.addGenerationPrompt ?? false })

  return {
    render,
    promptIds: (messages) =>
      withoutDoubleBos(tokenizer, tokenizer.encode(render(messages, { addGenerationPrompt: true }))),
    isDefault,
    stopIds: stopIdsOf(tokenizer, render),
  }
}

/** Ids that generation feeds for plain text: BOS where the model's documents begin with it, never two. */
export function textPromptIds(tokenizer: Tokenizer, text: string): number[] {
  const ids = tokenizer.encode(text)
  const bos = documentBos(tokenizer)
  return bos === undefined || ids[0] === bos ? ids : [bos, ...ids]
}

/**
 * BOS of plain documents. A tokenizer whose BOS is also its EOS (GPT-2's `<|endoftext|>`) separates documents with it,
 * whether or not it adds it by itself; a BOS that is neither added nor a separator (SmolLM2's `<|im_start|>`) belongs
 * to the chat template alone.
 */
export function documentBos(tokenizer: Tokenizer): number | undefined {
  const { bosId, eosId, addsBos } = tokenizer
  return bosId !== undefined && (addsBos || bosId === eosId) ? bosId : undefined
}

export function withoutDoubleBos(tokenizer: Tokenizer, ids: number[]): number[] {
  const { bosId } = tokenizer
  let extra = 0
  if (bosId !== undefined) while (ids[extra] === bosId && ids[extra + 1] === bosId) extra++
  return extra === 0 ? ids : ids.slice(extra)
}

function stopIdsOf(tokenizer: Tokenizer, render: ChatTemplate['render']): Set<number> {
  const ids = new Set<number>()
  if (tokenizer.eosId !== undefined) ids.add(tokenizer.eosId)
  try {
    const user = { role: 'user', content: 'a' }
    const answer = 'b'
    const text = render([user, { role: 'assistant', content: answer }])
    const tail = tokenizer.encode(text.slice(text.lastIndexOf(answer) + answer.length))
    const end = tail.find((id) => tokenizer.specialIds.has(id))
    if (end !== undefined) ids.add(end)
  } catch {
    // A template that refuses this conversation still has its EOS; rows it refuses are reported with its own words.
  }
  return ids
}
