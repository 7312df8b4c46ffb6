import { type CodeBook, nearestCode } from '../numbers/code-book.ts'

/**
 * Two 4-bit codes a byte, the even element in the high nibble (bitsandbytes' order). An odd number of elements is
 * padded with the code of 0.0.
 */
export function packCodes(codes: Uint8Array, book: CodeBook): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(Math.ceil(codes.length / 2))
  const whole = codes.length >> 1
  for (let i = 0; i < whole; i++) packed[i] = (codes[2 * i] << 4) | codes[2 * i + 1]
  if (codes.length & 1) packed[whole] = (codes[codes.length - 1] << 4) | nearestCode(book, 0)
  return packed
}

/** The first `elements` codes, one byte each. */
export function unpackCodes(packed: Uint8Array, elements: number): Uint8Array<ArrayBuffer> {
  const codes = new Uint8Array(elements)
  for (let i = 0; i < elements; i++) codes[i] = i & 1 ? packed[i >> 1] & 15 : packed[i >> 1] >> 4
  return codes
}
