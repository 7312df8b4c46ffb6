/** More of a model card than any licence stands behind. */
const HEAD_CHARACTERS = 20_000

/**
 * The licence that a model card (README.md) names in its front matter, as it is written there; null where it names none.
 * It is a claim of the card's author, shown as text.
 */
export function licenceIn(card: string): string | null {
  const text = card.slice(0, HEAD_CHARACTERS).replace(/^\ufeff/, '')
  const front = /^---\s*\r?\n([\s\S]*?)\r?\n---\s*(?:\r?\n|$)/.exec(text)?.[1]
  if (front === undefined) return null
  const named = (key: string) => {
    const value = new RegExp(`^${key}:[ \\t]*(.+?)[ \\t]*$`, 'm').exec(front)?.[1]
    return value?.replace(/^(["'])(.*)\1$/, '$2').slice(0, 80)
  }
  const licence = named('license')
  // The Hub's word for a licence that has a name of its own.
  return (licence === 'other' ? named('license_name') : undefined) ?? licence ?? null
}
