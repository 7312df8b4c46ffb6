/** Mantine's mixins (light-dark, hover, smaller-than) in the studio's own style sheets. */
export default { plugins: { 'postcss-preset-mantine': {} } }
