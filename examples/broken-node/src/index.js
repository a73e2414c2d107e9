export { formatTime, parseTime } from './time.js';
export { parse, write } from './srt.js';
export { joinClose, shift, within } from './edit.js';
