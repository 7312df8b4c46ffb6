import { Template } from '@huggingface/jinja'
import { inputError, type StudioError } from '../util/errors.ts'

export interface ChatMessage {
  role: string
  content: string
}

/** A conversation for a template to write out. */
export interface TemplateText {
  messages: readonly ChatMessage[]
  /** Ends with what begins an answer. */
  addGenerationPrompt: boolean
}

/** Plain data: it goes to wherever templates are run. */
export interface TemplateTask {
  /** Jinja */
  source: string
  /** bos_token, eos_token, … */
  variables: Readonly<Record<string, string>>
  texts: readonly TemplateText[]
}

/** The text, or the template's own words where it refuses a conversation. */
export type WrittenText = { text: string } | { refusal: string }

/**
 * Runs a template where it can hold up nobody: templates come with models from anywhere, and Jinja can loop for as long as
 * it likes. The host gives it: a worker of its own in a page, a time limit in Node.
 * @throws input/chat-template when the template cannot be read or does not keep the limits
 */
export type TemplateRunner = (task: TemplateTask) => Promise<WrittenText[]>

/** For everything that one task asks for, which takes a decent template milliseconds. */
export const TEMPLATE_LIMIT_MS = 3000

/** What a template may write beyond four times the conversation: the longest known preambles have some thousand characters. */
const PREAMBLE_CHARACTERS = 1 << 16

let parsed: { source: string; template: Template } | null = null

/**
 * Writes every text, for as long as it takes: what bounds a TemplateRunner's time calls this.
 * @throws input/chat-template when the template cannot be parsed or writes without end
 */
export function writeTexts({ source, variables, texts }: TemplateTask): WrittenText[] {
  if (parsed?.source !== source) parsed = { source, template: parse(source) }
  const { template } = parsed
  return texts.map(({ messages, addGenerationPrompt }) => {
    const text = textOf(() =>
      template.render({ ...variables, messages, add_generation_prompt: addGenerationPrompt }),
    )
    const given = messages.reduce((sum, { content }) => sum + content.length, 0)
    if ('text' in text && text.text.length > PREAMBLE_CHARACTERS + 4 * given) {
      throw templateFault(
        `was given ${given} characters and wrote ${text.text.length}; at most ${PREAMBLE_CHARACTERS} of its own are allowed`,
      )
    }
    return text
  })
}

/** A fault of the template itself, whatever it is given. */
export const templateFault = (cause: string): StudioError =>
  inputError('chat-template', [
    {
      message: `The model's chat template (chat_template in tokenizer_config.json, or chat_template.jinja) ${cause}`,
      fix: 'Mend the template, or remove it to use the studio’s own. Plain text needs none.',
    },
  ])

export const templateTimeout = (limitMs: number): StudioError =>
  templateFault(`was stopped: it had not finished after ${limitMs / 1000} seconds`)

function parse(source: string): Template {
  try {
    return new Template(source)
  } catch (error) {
    throw templateFault(`cannot be read: ${messageOf(error)}`)
  }
}

function textOf(render: () => string): WrittenText {
  try {
    return { text: render() }
  } catch (error) {
    return { refusal: messageOf(error) }
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
