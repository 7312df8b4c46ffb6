/** A message of the engine as a sentence: it may lack the full stop, since the terminal writes it on a line of its own. */
export const asSentence = (text: string): string => (/[.!?…:]$/.test(text) ? text : `${text}.`)

/** What to do, as a sentence that stands after another. */
export const asAdvice = (fix: string): string => asSentence(fix.charAt(0).toUpperCase() + fix.slice(1))
