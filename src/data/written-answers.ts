import type { ChatMessage, ChatTemplate } from './chat-template.ts'

/** What a template writes around one answer of a conversation. */
export interface WrittenAnswer {
  /** Its place among the messages. */
  index: number
  /** All before it, with the beginning of an answer. */
  prompt: string
  /** All up to and with it. */
  whole: string
  /** All before it and nothing more; only where `whole` does not begin with `prompt`. */
  before: string | null
}

export type WrittenConversation = WrittenAnswer[] | { refusal: string }

/**
 * Every answer of every conversation as the template writes it, in one or two goes for all: a template may run far away.
 * @throws input/chat-template
 */
export async function writtenAnswers(
  template: ChatTemplate,
  conversations: readonly (readonly ChatMessage[])[],
): Promise<WrittenConversation[]> {
  const answers = conversations.flatMap((messages, conversation) =>
    messages.flatMap(({ role }, index) => (role === 'assistant' ? [{ conversation, messages, index }] : [])),
  )
  const texts = await template.write(
    answers.flatMap(({ messages, index }) => [
      { messages: messages.slice(0, index), addGenerationPrompt: true },
      { messages: messages.slice(0, index + 1), addGenerationPrompt: false },
    ]),
  )
  const result: WrittenConversation[] = conversations.map(() => [])
  const open: { answer: WrittenAnswer; conversation: number; messages: readonly ChatMessage[] }[] = []
  answers.forEach(({ conversation, messages, index }, n) => {
    const [prompt, whole] = texts.slice(2 * n, 2 * n + 2)
    const soFar = result[conversation]
    if (!Array.isArray(soFar)) return
    if ('refusal' in prompt) result[conversation] = prompt
    else if ('refusal' in whole) result[conversation] = whole
    else {
      const answer = { index, prompt: prompt.text, whole: whole.text, before: null }
      soFar.push(answer)
      if (!whole.text.startsWith(prompt.text)) open.push({ answer, conversation, messages })
    }
  })
  if (open.length === 0) return result
  // Some templates open the answer (`<think>`) only for generation.
  const befores = await template.write(
    open.map(({ answer, messages }) => ({
      messages: messages.slice(0, answer.index),
      addGenerationPrompt: false,
    })),
  )
  open.forEach(({ answer, conversation }, n) => {
    const before = befores[n]
    if ('refusal' in before) result[conversation] = before
    else answer.before = before.text
  })
  return result
}
