/** Names of the checkpoint made short enough for charts: model.layers.3.self_attn.q_proj.weight → 3.q_proj */

const LAYER = /(?:^|\.)layers\.(\d+)\./

/** The number of the block a tensor belongs to, or null outside of the blocks. */
export function blockOf(name: string): number | null {
  const match = LAYER.exec(name)
  return match ? Number(match[1]) : null
}

export function shortName(name: string): string {
  const module = name.replace(/\.weight$/, '')
  const last = module.slice(module.lastIndexOf('.') + 1)
  const block = blockOf(`${module}.`)
  return block === null ? last : `${block}.${last}`
}
