import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, write } from '../src/index.js';

const SOURCE = `1
00:00:01,000 --> 00:00:02,500
Good evening.

2
00:00:04,000 --> 00:00:05,000
Two lines
of text.
`;

test('cues are read with their lines', () => {
  const cues = parse(SOURCE);
  assert.equal(cues.length, 2);
  assert.deepEqual(cues[1], { start: 4000, end: 5000, text: 'Two lines\nof text.' });
});

test('numbers may be missing and line ends may be those of DOS', () => {
  const cues = parse('00:00:01,000 --> 00:00:02,000\r\nHello\r\n');
  assert.deepEqual(cues, [{ start: 1000, end: 2000, text: 'Hello' }]);
});

test('a cue that ends before it starts is refused', () => {
  assert.throws(() => parse('00:00:03,000 --> 00:00:02,000\nHello\n'), RangeError);
});

test('what was read is written the same', () => {
  assert.equal(write(parse(SOURCE)), SOURCE);
});
