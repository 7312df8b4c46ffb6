import { afterEach, expect, it, vi } from 'vitest'
import { repositoryFile } from '../../../src/data/testing/embedded.ts'
import { runTemplate } from '../../../src/data/testing/run-template.ts'
import { openModel } from '../../../src/session/open-model.ts'
import { EMBEDDED_FACTS, EMBEDDED_MODEL, embeddedModelFiles } from '../../stores/embedded.ts'

afterEach(() => vi.unstubAllGlobals())

/** What the page says of its model before it is opened is what is in the files. */
it('the embedded model is as its card says', async () => {
  vi.stubGlobal('document', { baseURI: 'http://localhost/' })
  const names = embeddedModelFiles().map(({ name }) => name)
  const files = await Promise.all(
    names.map((name) => repositoryFile(`public/models/${EMBEDDED_MODEL}/${name}`)),
  )
  const { summary, checkpoint } = await openModel(EMBEDDED_MODEL, files, runTemplate)
  const { parameters, sizeBytes, nf4Bytes, contextLength } = summary
  const largestTensorBytes = Math.max(...[...checkpoint.tensors.values()].map((tensor) => tensor.sizeBytes))
  expect(EMBEDDED_FACTS).toEqual({ parameters, sizeBytes, nf4Bytes, contextLength, largestTensorBytes })
})
