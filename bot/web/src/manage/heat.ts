import type { AskedLine } from './types'

/** A map of tags by days; a cell is [place of its day, place of its tag, number of questions]. */
export interface Grid {
  days: string[]
  tags: string[]
  cells: [number, number, number][]
  most: number
}

const MOST_TAGS = 18

/** The grid of `heat` (tag → day → number), busiest tags first, with the days between that had no questions. */
export function gridOf(heat: Record<string, Record<string, number>>): Grid {
  const asked = Object.values(heat).flatMap((days) => Object.keys(days)).sort()
  const first = asked[0]
  const last = asked[asked.length - 1]
  const days: string[] = []
  if (first && last) {
    for (let at = Date.parse(first); at <= Date.parse(last); at += 86_400_000) days.push(new Date(at).toISOString().slice(0, 10))
  }
  const place = new Map(days.map((day, index) => [day, index]))
  const tags = Object.keys(heat).slice(0, MOST_TAGS)
  const cells = tags.flatMap((tag, row) =>
    Object.entries(heat[tag] ?? {}).map(([day, number]): [number, number, number] => [place.get(day) ?? 0, row, number]),
  )
  return { days, tags, cells, most: Math.max(0, ...cells.map((cell) => cell[2])) }
}

/** How many percent of a line's questions were answered straight. */
export function answeredShare(line: AskedLine): number | null {
  return line.asked ? (100 * line.answered) / line.asked : null
}

/** Why a line is on the list of what to improve, most frequent first. */
export function whyOf(line: AskedLine): string {
  const reasons: [string, number][] = [
    ['没有答案', line.none],
    ['没用', line.unhelpful],
    ['转人工', line.handed_over],
    ['又问', line.repeated],
    ['只有相近的', line.near],
  ]
  return reasons
    .filter(([, number]) => number > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([name, number]) => `${name} ${number}`)
    .join('，')
}
