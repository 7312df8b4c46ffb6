import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const golden = fileURLToPath(new URL('../tiny-llama', import.meta.url))

interface Header {
  [tensor: string]: { dtype: string; shape: number[]; data_offsets: [number, number] }
}

/** A copy of the tiny-llama case's model to be damaged. */
export class ModelCopy {
  readonly path: string

  constructor(path: string) {
    this.path = path
    for (const file of ['config.json', 'model.safetensors']) cpSync(join(golden, file), join(path, file))
  }

  remove(file: string): void {
    rmSync(join(this.path, file))
  }

  write(file: string, content: string | Uint8Array): void {
    writeFileSync(join(this.path, file), content)
  }

  editConfig(changes: Record<string, unknown>): void {
    const config = JSON.parse(readFileSync(join(this.path, 'config.json'), 'utf8'))
    this.write('config.json', JSON.stringify({ ...config, ...changes }))
  }

  /** Keeps the first bytes of the weights. */
  truncateWeights(sizeBytes: number): void {
    this.write('model.safetensors', readFileSync(join(this.path, 'model.safetensors')).subarray(0, sizeBytes))
  }

  /** Rewrites the header of the weights; the data stays as it is. */
  editHeader(edit: (header: Header) => void): void {
    const bytes = readFileSync(join(this.path, 'model.safetensors'))
    const length = Number(bytes.readBigUInt64LE(0))
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString())
    edit(header)
    const json = Buffer.from(
      JSON.stringify(header).padEnd(Math.ceil((JSON.stringify(header).length + 8) / 8) * 8 - 8),
    )
    const prefix = Buffer.alloc(8)
    prefix.writeBigUInt64LE(BigInt(json.length))
    this.write('model.safetensors', Buffer.concat([prefix, json, bytes.subarray(8 + length)]))
  }
}
