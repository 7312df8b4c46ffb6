import { Fragment } from 'react'

/** The name of a limit as WebGPU writes it, which narrow screens may break between its words. */
export function LimitName({ name }: { name: string }) {
  return name.split(/(?=[A-Z][a-z])/).map((word, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a word is its place in the name
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {word}
    </Fragment>
  ))
}
