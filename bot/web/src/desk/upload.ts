import { ApiError, upload } from '../shared/api'

/** Sends an image to the desk's store; `image` goes into a message. */
export async function uploadImage(file: File, maximumMb: number): Promise<{ image: string; src: string }> {
  if (file.size > maximumMb * 1024 * 1024) throw new ApiError(413, `图片最大 ${maximumMb} MB，请压缩后再发`)
  return upload<{ image: string; src: string }>('/api/desk/images', file)
}
