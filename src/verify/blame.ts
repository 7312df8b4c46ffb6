import type { Finding } from './check-op.ts'

/**
 * The fewest kernels that explain all that is wrong. A kernel whose results went into something right is believed,
 * as long as another one is left to blame; of those left, the ones behind most of the wrong results come first.
 * Where kernels cannot be told apart all of them are named.
 */
export function blameKernels(findings: readonly Finding[]): string[] {
  const right = new Set(
    findings.filter(({ problem }) => problem === null).flatMap(({ upstream }) => upstream),
  )
  let unexplained = findings
    .filter(({ problem }) => problem !== null)
    .map(({ writers, upstream }) => {
      const suspects = upstream.filter((kernel) => !right.has(kernel))
      return suspects.length > 0 ? suspects : writers
    })
  const blamed: string[] = []
  while (unexplained.length > 0) {
    const counts = new Map<string, number>()
    for (const suspects of unexplained)
      for (const kernel of suspects) counts.set(kernel, (counts.get(kernel) ?? 0) + 1)
    const most = Math.max(0, ...counts.values())
    const worst = [...counts].filter(([, count]) => count === most).map(([kernel]) => kernel)
    blamed.push(...worst)
    unexplained = unexplained.filter((suspects) => !suspects.some((kernel) => worst.includes(kernel)))
    if (worst.length === 0) break
  }
  return blamed
}
