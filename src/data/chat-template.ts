import type { Tokenizer } from '../formats/tokenizer.ts'
import { StudioError } from '../util/errors.ts'
import type { ChatMessage, TemplateRunner, TemplateText, WrittenText } from './template-texts.ts'

export type { ChatMessage, TemplateRunner } from './template-texts.ts'

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
  /** The texts that generation feeds (with `addGenerationPrompt`) or that training sees, in order. */
  write(texts: readonly TemplateText[]): Promise<WrittenText[]>
  /**
   * Ids of a conversation with the beginning of an answer: exactly what generation feeds. BOS comes from the template
   * only. @throws input/chat-refused with the template's own words
   */
  promptIds(messages: readonly ChatMessage[]): Promise<number[]>
  /** True when the tokenizer has no template and the studio's is used. */
  readonly isDefault: boolean
  /** Where generation stops: EOS and the template's end-of-turn token. */
  readonly stopIds: ReadonlySet<number>
}

/** @throws input/chat-template when the template cannot be parsed, or does not finish a short conversation in time */
export async function openChatTemplate(tokenizer: Tokenizer, run: TemplateRunner): Promise<ChatTemplate> {
  const isDefault = tokenizer.chatTemplate === undefined
  const source = tokenizer.chatTemplate ?? DEFAULT_CHAT_TEMPLATE
  const variables = { bos_token: '', eos_token: '', ...tokenizer.specialTokens }
  const write: ChatTemplate['write'] = (texts) => run({ source, variables, texts })
  return {
    write,
    async promptIds(messages) {
      const [written] = await write([{ messages, addGenerationPrompt: true }])
      if ('refusal' in written) {
        throw new StudioError(
          'input/chat-refused',
          `The model's chat template refuses this conversation: ${written.refusal}`,
          { hint: 'Change the roles or their order to what the model was trained on.' },
        )
      }
      return templatedIds(tokenizer, written.text)
    },
    isDefault,
    stopIds: await stopIdsOf(tokenizer, write),
  }
}

/** Ids of a text that a template has written: BOS is there already, and never twice. */
export const templatedIds = (tokenizer: Tokenizer, text: string): number[] =>
  withoutDoubleBos(tokenizer, tokenizer.encode(text))

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

function withoutDoubleBos(tokenizer: Tokenizer, ids: number[]): number[] {
  const { bosId } = tokenizer
  let extra = 0
  if (bosId !== undefined) while (ids[extra] === bosId && ids[extra + 1] === bosId) extra++
  return extra === 0 ? ids : ids.slice(extra)
}

async function stopIdsOf(tokenizer: Tokenizer, write: ChatTemplate['write']): Promise<Set<number>> {
  const ids = new Set<number>()
  if (tokenizer.eosId !== undefined) ids.add(tokenizer.eosId)
  const answer = 'b'
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: answer },
  ]
  const [written] = await write([{ messages, addGenerationPrompt: false }])
  // A template that refuses this conversation still has its EOS; rows it refuses are reported with its own words.
  if ('refusal' in written) return ids
  const { text } = written
  const tail = tokenizer.encode(text.slice(text.lastIndexOf(answer) + answer.length))
  const end = tail.find((id) => tokenizer.specialIds.has(id))
  if (end !== undefined) ids.add(end)
  return ids
}
