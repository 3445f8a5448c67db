/** JSON requests of the staff's pages; who is not signed in is sent to the sign-in page. */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

type Query = Record<string, string | number | undefined | null>

let skew = 0

/** How far the server's clock is before this machine's, in ms; to the second, as HTTP's Date is. */
export function serverSkew(): number {
  return skew
}

function noteTime(date: string | null): void {
  const off = date ? Date.parse(date) - Date.now() : NaN
  if (Number.isFinite(off)) skew = Math.abs(off) < 2000 ? 0 : off
}

let signedOut: () => void = () => undefined
let csrf = ''

/** What to do when the server no longer knows the session. */
export function onSignedOut(action: () => void): void {
  signedOut = action
}

/** The token that the server wants to see with every change. */
export function setCsrf(token: string): void {
  csrf = token
}

export function address(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return text ? `${path}?${text}` : path
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return request<T>(address(path, query), { signal })
}

export function post<T>(path: string, body: unknown = {}): Promise<T> {
  return send<T>('POST', path, body)
}

export function send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body: unknown = {}): Promise<T> {
  return request<T>(path, {
    method,
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
    body: JSON.stringify(body),
  })
}

/** Sends a file as it is. */
export function upload<T>(path: string, file: Blob): Promise<T> {
  return request<T>(path, { method: 'POST', headers: { 'Content-Type': file.type, 'X-CSRF-Token': csrf }, body: file })
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(path, { credentials: 'same-origin', ...init })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, '连不上服务器，请检查网络后再试')
  }
  noteTime(answer.headers.get('Date'))
  const content: unknown = await answer.json().catch(() => null)
  if (answer.ok) return content as T
  if (answer.status === 401 && !path.endsWith('/session')) signedOut()
  const told = content && typeof content === 'object' && 'message' in content ? String(content.message) : ''
  throw new ApiError(answer.status, told || `服务器出错了（${answer.status}），请稍后再试`)
}
