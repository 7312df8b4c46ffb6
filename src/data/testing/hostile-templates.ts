/** Templates that never end, or end the memory, by what they do. */
export const HOSTILE_TEMPLATES: Readonly<Record<string, string>> = {
  'nested loops':
    '{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}{% endfor %}{% endfor %}{% endfor %}',
  'a range without end': '{% for a in range(10 ** 15) %}{% endfor %}',
  'macros that call each other twice': `{% macro m0() %}x{% endmacro %}${Array.from(
    { length: 60 },
    (_, n) => `{% macro m${n + 1}() %}{{ m${n}() }}{{ m${n}() }}{% endmacro %}`,
  ).join('')}{{ m60() }}`,
  'a text that doubles': `{% set ns = namespace(s='ab') %}{% for a in range(26) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}`,
  'an expression nested without end': `{{ ${'('.repeat(200_000)} }}`,
  'a huge template': `{{ 'a' }}`.repeat(400_000),
}
