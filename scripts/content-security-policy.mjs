/**
 * What the studio's pages may load and whom they may talk to: their own origin, and nobody else. It stands in the built
 * pages themselves, so that it holds on any static host; the servers here send it too, because a worker obeys only the
 * policy that its own script came with.
 */

/** @type {Record<string, string>} */
const DIRECTIVES = {
  'default-src': "'none'",
  'script-src': "'self'", // no inline script, no eval
  'worker-src': "'self'",
  'connect-src': "'self'", // the model and datasets that ship with the page
  'img-src': "'self' data: blob:",
  'font-src': "'self'",
  'style-src': "'self' 'unsafe-inline'", // Mantine writes its theme's variables into style elements
  'object-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
}

/** @param {Record<string, string>} directives */
const written = (directives) =>
  Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ')

/** For a meta element, which browsers do not let speak of frames. */
export const metaPolicy = written(DIRECTIVES)

/** @type {Record<string, string>} */
export const securityHeaders = {
  'Content-Security-Policy': written({ ...DIRECTIVES, 'frame-ancestors': "'none'" }),
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}
