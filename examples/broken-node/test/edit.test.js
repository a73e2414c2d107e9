import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinClose, shift, within } from '../src/index.js';

const cue = (start, end, text = 'x') => ({ start, end, text });

test('within keeps what shows at some moment', () => {
  const cues = [cue(0, 10), cue(10, 20), cue(20, 30)];
  assert.deepEqual(within(cues, 10, 20), [cue(10, 20)]);
  assert.deepEqual(within(cues, 9, 21), cues);
});

test('shift moves both ends', () => {
  assert.deepEqual(shift([cue(100, 200)], 50), [cue(150, 250)]);
});

test('shift cuts at the beginning and drops what is over', () => {
  assert.deepEqual(shift([cue(0, 50), cue(80, 200)], -100), [cue(0, 100)]);
});

test('cues far apart stay apart', () => {
  const cues = [cue(0, 100), cue(500, 600)];
  assert.deepEqual(joinClose(cues, 200), cues);
});

test('cues that touch stay apart without a gap', () => {
  const cues = [cue(0, 100), cue(100, 200)];
  assert.deepEqual(joinClose(cues), cues);
});

test('close cues are joined', () => {
  assert.deepEqual(joinClose([cue(0, 100, 'a'), cue(150, 200, 'b')], 100), [cue(0, 200, 'a\nb')]);
});

test('a cue inside another does not shorten it', () => {
  assert.deepEqual(joinClose([cue(0, 300, 'a'), cue(100, 200, 'b')]), [cue(0, 300, 'a\nb')]);
});

test('joining leaves the cues that were given alone', () => {
  const cues = [cue(0, 100), cue(500, 600)];
  joinClose(cues, 200)[0].end = 999;
  assert.equal(cues[0].end, 100);
});
