export interface Piece {
  text: string
  href?: string
}

// Only web addresses become links, and the text is never parsed as HTML: nothing in a reply can run.
const LINK = /https?:\/\/[^\s<>"'，。；！？、（）【】《》“”]+/g
const TRAILING = /[.,;:!?)\]}]+$/

/** Cuts a text into plain pieces and links. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const match of text.matchAll(LINK)) {
    const href = match[0].replace(TRAILING, '')
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) })
    pieces.push({ text: href, href })
    end = match.index + href.length
  }
  if (end < text.length) pieces.push({ text: text.slice(end) })
  return pieces
}
