/** Cues that show at some moment of [from, to). */
export function within(cues, from, to) {
  return cues.filter((cue) => cue.start < to && cue.end > from);
}

/** Moves all cues by `offset` milliseconds; what would show before the beginning is cut or dropped. */
export function shift(cues, offset) {
  return cues
    .map((cue) => ({ ...cue, start: cue.start + offset, end: cue.end + offset }))
    .filter((cue) => cue.end > 0)
    .map((cue) => ({ ...cue, start: Math.max(cue.start, 0) }));
}

/** Joins cues that overlap or are less than `gap` milliseconds apart. The joined cue shows as long as any of them. */
export function joinClose(cues, gap = 0) {
  const sorted = [...cues].sort((a, b) => a.start - b.start);
  const joined = [];
  for (const cue of sorted) {
    const last = joined.at(-1);
    if (last && cue.start - last.end < gap) {
      last.end = Math.min(last.end, cue.end);
      last.text = `${last.text}\n${cue.text}`;
    } else {
      joined.push({ ...cue });
    }
  }
  return joined;
}
