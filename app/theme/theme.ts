import { createTheme, type MantineColorsTuple } from '@mantine/core'

/** The one accent: the indigo of the icon. Shade 6 carries white text at more than 5.5 : 1. */
const nibble: MantineColorsTuple = [
  '#eef0ff',
  '#dce0ff',
  '#bac2fd',
  '#9aa5f5',
  '#7c8cff',
  '#5c6aea',
  '#4753d6',
  '#3a45b8',
  '#303994',
  '#1b1f3a',
]

const systemFont =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif'

export const theme = createTheme({
  colors: { nibble },
  primaryColor: 'nibble',
  primaryShade: { light: 6, dark: 5 },
  fontFamily: systemFont,
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", "DejaVu Sans Mono", monospace',
  headings: {
    fontFamily: systemFont,
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.65rem', lineHeight: '1.25' },
      h2: { fontSize: '1.02rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9rem', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
})
