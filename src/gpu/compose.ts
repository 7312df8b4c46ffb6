import { STEP_PARAMS } from '../graph/kernel.ts'
import type { PlannedKernel } from '../graph/plan.ts'

/**
 * The whole WGSL module of a kernel: enables, constants, params, bindings (all from the kernel's declaration and the
 * access the plan chose), then includes, then the file. The file itself declares no binding, so none can mismatch.
 */
export function composeWgsl({ kernel, access }: PlannedKernel): string {
  const [x, y, z] = kernel.workgroupSize
  const constants = { WORKGROUP_X: x, WORKGROUP_Y: y, WORKGROUP_Z: z, ...kernel.constants }
  const lines = [
    ...(kernel.enables ?? []).map((name) => `enable ${name};`),
    ...Object.entries(constants).map(
      ([name, value]) => `const ${name} = ${typeof value === 'number' ? `${value}u` : value};`,
    ),
    ...(kernel.params.length > 0
      ? [...struct('Params', kernel.params), '@group(1) @binding(0) var<uniform> params: Params;']
      : []),
    ...(kernel.usesStep
      ? [...struct('StepParams', STEP_PARAMS), '@group(1) @binding(1) var<uniform> step: StepParams;']
      : []),
    ...kernel.bindings.map(
      ({ name, element }, index) =>
        `@group(0) @binding(${index}) var<storage, ${access[index]}> ${name}: array<${element}>;`,
    ),
    ...(kernel.includes ?? []),
    kernel.source,
  ]
  return lines.join('\n')
}

const struct = (name: string, fields: readonly { name: string; type: string }[]): string[] => [
  `struct ${name} {`,
  ...fields.map((field) => `  ${field.name}: ${field.type},`),
  '}',
]
