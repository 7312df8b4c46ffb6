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

/** Greys of the dark scheme with the page's blue in them; 6 is the surface, 7 the page (palette.css). */
const dark: MantineColorsTuple = [
  '#d5d8e0',
  '#b4b9c5',
  '#a5abb8',
  '#5a6070',
  '#424857',
  '#2c303b',
  '#22262f',
  '#1b1e26',
  '#13151b',
  '#0d0f14',
]

/** Reds of warnings and of what cannot be undone; shade 6 carries white text at more than 6 : 1. */
const red: MantineColorsTuple = [
  '#fdf0ef',
  '#fadbd8',
  '#f5b8b2',
  '#ff8a80',
  '#e5655b',
  '#cc4038',
  '#b3261e',
  '#9a1d16',
  '#7d1711',
  '#5c100c',
]

const systemFont =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif'

export const theme = createTheme({
  colors: { nibble, dark, red },
  primaryColor: 'nibble',
  primaryShade: 6,
  fontFamily: systemFont,
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", "DejaVu Sans Mono", monospace',
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
  components: {
    Button: { defaultProps: { fw: 550 } },
    Modal: { styles: { title: { fontWeight: 650, fontSize: '1.02rem' } } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 350 } },
    Switch: { defaultProps: { withThumbIndicator: false } },
  },
})
