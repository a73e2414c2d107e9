import { formatTime, parseTime } from './time.js';

/** Cues ({start, end, text}, times in milliseconds) of a SubRip file, in its order. */
export function parse(source) {
  return source
    .replace(/\r\n/g, '\n')
    .split(/\n{2,}/)
    .filter((block) => block.trim() !== '')
    .map(parseBlock);
}

function parseBlock(block) {
  const lines = block.trim().split('\n');
  if (/^\d+$/.test(lines[0])) lines.shift();
  const [start, end] = lines.shift().split('-->').map(parseTime);
  if (end < start) throw new RangeError('a cue ends before it starts');
  return { start, end, text: lines.join('\n') };
}

export function write(cues) {
  return cues
    .map((cue, index) => `${index + 1}\n${formatTime(cue.start)} --> ${formatTime(cue.end)}\n${cue.text}\n`)
    .join('\n');
}
