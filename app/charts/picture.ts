/**
 * A chart as it is on the screen, as a picture of its own: title, plot and the names of its curves. Styles become
 * attributes, since a picture has no style sheet.
 */
export interface Picture {
  svg: string
  width: number
  height: number
}

const SVG = 'http://www.w3.org/2000/svg'
const PADDING = 20
const TITLE_HEIGHT = 30
const LINE_HEIGHT = 22
const MARK_WIDTH = 18
const TITLE_FONT = 15
const LEGEND_FONT = 12.5
/** Pixels of a PNG for every pixel of the screen. */
const PNG_SCALE = 2

/** What of a computed style an SVG attribute can say. */
const ATTRIBUTES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'stroke-linecap',
  'opacity',
  'font-size',
  'font-weight',
  'paint-order',
] as const

/** @param figure The element that holds the plot (its first large svg) and, marked `data-legend`, the names. */
export function drawPicture(figure: Element, title: string): Picture | null {
  const plot = figure.querySelector('svg')
  if (!plot) return null
  const { color, fontFamily } = getComputedStyle(figure)
  const background = getComputedStyle(document.documentElement).getPropertyValue('--nibble-surface')
  const box = plot.getBoundingClientRect()
  const width = Math.ceil(box.width) + 2 * PADDING
  const root = element('svg', { xmlns: SVG, 'font-family': fontFamily })
  const paper = element('rect', { width: '100%', height: '100%', fill: background })
  const heading = text(title, PADDING, PADDING + TITLE_FONT, TITLE_FONT, color)
  heading.setAttribute('font-weight', '600')
  const drawing = styledCopy(plot)
  drawing.setAttribute('x', String(PADDING))
  drawing.setAttribute('y', String(PADDING + TITLE_HEIGHT))
  root.append(paper, heading, drawing)
  let bottom = PADDING + TITLE_HEIGHT + Math.ceil(box.height) + 10
  let left = PADDING + 52
  for (const item of figure.querySelectorAll('[data-legend] > li')) {
    const name = item.textContent ?? ''
    const length = MARK_WIDTH + 8 + textWidth(name, `${LEGEND_FONT}px ${fontFamily}`)
    if (left + length > width - PADDING && left > PADDING + 52) {
      left = PADDING + 52
      bottom += LINE_HEIGHT
    }
    const mark = item.querySelector('svg')
    if (mark) {
      const copy = styledCopy(mark)
      copy.setAttribute('x', String(left))
      copy.setAttribute('y', String(bottom + 2))
      root.append(copy)
    }
    root.append(text(name, left + MARK_WIDTH + 6, bottom + 11, LEGEND_FONT, color))
    left += length + 20
  }
  const hasLegend = figure.querySelector('[data-legend]') !== null
  const height = bottom + (hasLegend ? LINE_HEIGHT : 0) + PADDING / 2
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` }))
    root.setAttribute(name, String(value))
  return { svg: new XMLSerializer().serializeToString(root), width, height }
}

/** The picture in pixels, twice as fine as on the screen. */
export async function pictureAsPng({ svg, width, height }: Picture): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  try {
    const image = new Image()
    image.src = address
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = width * PNG_SCALE
    canvas.height = height * PNG_SCALE
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture has no pixels')))),
    )
  } finally {
    URL.revokeObjectURL(address)
  }
}

function styledCopy(source: SVGSVGElement): SVGSVGElement {
  const copy = source.cloneNode(true) as SVGSVGElement
  const originals = [source, ...source.querySelectorAll('*')]
  for (const [index, node] of [copy, ...copy.querySelectorAll('*')].entries()) {
    node.removeAttribute('class')
    node.removeAttribute('style')
    const style = getComputedStyle(originals[index])
    for (const name of ATTRIBUTES) {
      const value = style.getPropertyValue(name)
      if (value) node.setAttribute(name, value)
    }
  }
  copy.setAttribute('overflow', 'visible')
  return copy
}

function element(name: string, attributes: Record<string, string>): SVGElement {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) if (key !== 'xmlns') made.setAttribute(key, value)
  return made
}

function text(content: string, x: number, y: number, size: number, fill: string): SVGElement {
  const made = element('text', { x: String(x), y: String(y), 'font-size': String(size), fill })
  made.textContent = content
  return made
}

function textWidth(content: string, font: string): number {
  const context = document.createElement('canvas').getContext('2d')
  if (!context) return content.length * 7
  context.font = font
  return context.measureText(content).width
}
