/** The customer's pictures: made small enough for a phone's line, then sent to the shop's own server. */

const LARGEST_SIDE = 1920
const FINE_AS_IT_IS = 600 * 1024 // bytes

export class PictureError extends Error {}

/** How large `width` × `height` is shown when its longer side may have `largest` pixels. */
export function fitted(width: number, height: number, largest = LARGEST_SIDE): [number, number] {
  const scale = Math.min(1, largest / Math.max(width, height))
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]
}

async function smaller(file: File): Promise<Blob> {
  if (file.size <= FINE_AS_IT_IS) return file
  try {
    const picture = await createImageBitmap(file, { imageOrientation: 'from-image' })
    const canvas = document.createElement('canvas')
    ;[canvas.width, canvas.height] = fitted(picture.width, picture.height)
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height)
    picture.close()
    const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', 0.85))
    return made && made.size < file.size ? made : file
  } catch {
    return file // the server says whether it takes it
  }
}

/** Sends a picture; the name that goes into a message, and where pages find it. */
export async function uploadPicture(
  file: File,
  session: string,
  maximumMb: number,
): Promise<{ image: string; src: string }> {
  const body = await smaller(file)
  if (body.size > maximumMb * 1024 * 1024) throw new PictureError(`图片最大 ${maximumMb} MB`)
  let answer: Response
  try {
    const headers = { 'X-Chat-Session': session, 'Content-Type': body.type || 'application/octet-stream' }
    answer = await fetch('/api/chat/images', { method: 'POST', headers, body })
  } catch {
    throw new PictureError('图片没有传上去，请检查网络后再发')
  }
  const content = (await answer.json().catch(() => ({}))) as { image?: string; src?: string; message?: string }
  if (!answer.ok || !content.image || !content.src) throw new PictureError(content.message || '图片没有传上去，请再发一次')
  return { image: content.image, src: content.src }
}
