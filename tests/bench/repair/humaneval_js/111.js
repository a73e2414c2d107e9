'use strict';

/** Counts blank-separated letters and gives those that are most frequent with their count. */
function histogram(text) {
  const counts = {};
  let most = 0;
  for (const letter of text.split(' ')) {
    if (letter !== '') {
      counts[letter] = (counts[letter] || 0) + 1;
      most = Math.max(most, counts[letter]);
    }
  }
  const result = {};
  for (const [letter, count] of Object.entries(counts)) {
    if (count === most) {
      result[letter] = count;
    }
  }
  return result;
}

module.exports = { histogram };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { histogram } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(histogram('a b c'), { 'a': 1, 'b': 1, 'c': 1 });
});

test('example 2', () => {
  assert.deepStrictEqual(histogram('a b b a'), { 'a': 2, 'b': 2 });
});

test('example 3', () => {
  assert.deepStrictEqual(histogram('a b c a b'), { 'a': 2, 'b': 2 });
});

test('example 4', () => {
  assert.deepStrictEqual(histogram('b b b b a'), { 'b': 4 });
});

test('example 5', () => {
  assert.deepStrictEqual(histogram(''), {});
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(histogram('a b b a'), { 'a': 2, 'b': 2 });
  assert.deepStrictEqual(histogram('a b c a b'), { 'a': 2, 'b': 2 });
  assert.deepStrictEqual(histogram('a b c d g'), { 'a': 1, 'b': 1, 'c': 1, 'd': 1, 'g': 1 });
  assert.deepStrictEqual(histogram('r t g'), { 'r': 1, 't': 1, 'g': 1 });
  assert.deepStrictEqual(histogram('b b b b a'), { 'b': 4 });
  assert.deepStrictEqual(histogram('r t g'), { 'r': 1, 't': 1, 'g': 1 });
  assert.deepStrictEqual(histogram(''), {});
  assert.deepStrictEqual(histogram('a'), { 'a': 1 });
  console.log('official: ok');
}
