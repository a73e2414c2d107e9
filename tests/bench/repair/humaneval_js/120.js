'use strict';

/** Gives the k greatest numbers, sorted. */
function maximum(numbers, k) {
  if (k === 0) {
    return [];
  }
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted.slice(-k);
}

module.exports = { maximum };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { maximum } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(maximum([-3, -4, 5], 3), [-4, -3, 5]);
});

test('example 2', () => {
  assert.deepStrictEqual(maximum([4, -4, 4], 2), [4, 4]);
});

test('example 3', () => {
  assert.deepStrictEqual(maximum([-3, 2, 1, 2, -1, -2, 1], 1), [2]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(maximum([-3, -4, 5], 3), [-4, -3, 5]);
  assert.deepStrictEqual(maximum([4, -4, 4], 2), [4, 4]);
  assert.deepStrictEqual(maximum([-3, 2, 1, 2, -1, -2, 1], 1), [2]);
  assert.deepStrictEqual(maximum([123, -123, 20, 0, 1, 2, -3], 3), [2, 20, 123]);
  assert.deepStrictEqual(maximum([-123, 20, 0, 1, 2, -3], 4), [0, 1, 2, 20]);
  assert.deepStrictEqual(maximum([5, 15, 0, 3, -13, -8, 0], 7), [-13, -8, 0, 0, 3, 5, 15]);
  assert.deepStrictEqual(maximum([-1, 0, 2, 5, 3, -10], 2), [3, 5]);
  assert.deepStrictEqual(maximum([1, 0, 5, -7], 1), [5]);
  assert.deepStrictEqual(maximum([4, -4], 2), [-4, 4]);
  assert.deepStrictEqual(maximum([-10, 10], 2), [-10, 10]);
  assert.deepStrictEqual(maximum([1, 2, 3, -23, 243, -400, 0], 0), []);
  console.log('official: ok');
}
