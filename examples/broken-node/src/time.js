const PATTERN = /^(\d{2}):([0-5]\d):([0-5]\d),(\d{3})$/;

/** Milliseconds of a SubRip time such as "01:02:03,450". */
export function parseTime(text) {
  const match = PATTERN.exec(text.trim());
  if (!match) throw new RangeError(`not a time: ${text}`);
  const [hours, minutes, seconds, milliseconds] = match.slice(1).map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds;
}

export function formatTime(time) {
  const pad = (value, width = 2) => String(value).padStart(width, '0');
  const seconds = Math.floor(time / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return `${pad(hours)}:${pad(minutes % 60)}:${pad(seconds % 60)},${pad(time % 1000, 3)}`;
}
