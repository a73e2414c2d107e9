import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime, parseTime } from '../src/index.js';

test('a time is read to the millisecond', () => {
  assert.equal(parseTime('01:02:03,450'), 3723450);
});

test('a time may have spaces around it', () => {
  assert.equal(parseTime(' 00:00:01,000 '), 1000);
});

test('what is not a time is refused', () => {
  assert.throws(() => parseTime('1:2:3'), RangeError);
  assert.throws(() => parseTime('00:61:00,000'), RangeError);
});

test('a time is written with all its digits', () => {
  assert.equal(formatTime(3723450), '01:02:03,450');
  assert.equal(formatTime(7), '00:00:00,007');
});
