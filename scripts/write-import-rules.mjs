/** `npm run lint:rules`: writes the import directions of import-rules.mjs into biome.json. */
import { readFileSync, writeFileSync } from 'node:fs'
import { importOverrides } from './import-rules.mjs'

const file = new URL('../biome.json', import.meta.url)
const config = JSON.parse(readFileSync(file, 'utf8'))
config.overrides = importOverrides()
writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`)
