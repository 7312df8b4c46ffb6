export interface Difference {
  /** `lora.rank` */
  path: string
  /** One for each run; undefined where it has no such setting. */
  values: (string | number | boolean | null | undefined)[]
}

type Setting = string | number | boolean | null
const DEEPEST = 6

/** Every setting by its path. A list is one setting: its values in words. */
export function settingsOf(config: Record<string, unknown>): Map<string, Setting> {
  const settings = new Map<string, Setting>()
  const visit = (value: unknown, path: string, depth: number) => {
    if (Array.isArray(value)) settings.set(path, value.map(String).join(', '))
    else if (typeof value === 'object' && value !== null) {
      if (depth < DEEPEST)
        for (const [key, child] of Object.entries(value))
          visit(child, path ? `${path}.${key}` : key, depth + 1)
    } else settings.set(path, value as Setting)
  }
  visit(config, '', 0)
  return settings
}

/** The settings that are not the same in all runs, in the order in which they first appear. */
export function configDifferences(configs: readonly Record<string, unknown>[]): Difference[] {
  const all = configs.map(settingsOf)
  const paths = new Set(all.flatMap((settings) => [...settings.keys()]))
  return [...paths]
    .map((path) => ({ path, values: all.map((settings) => settings.get(path)) }))
    .filter(({ values }) => values.some((value) => value !== values[0]))
}
