'use strict';

/** Gives the largest negative and the smallest positive integer, null where there is none. */
function largestSmallestIntegers(list) {
  const negative = list.filter((number) => number < 0);
  const positive = list.filter((number) => number > 0);
  return [negative.length > 0 ? Math.max(...negative) : null, positive.length > 0 ? Math.min(...positive) : null];
}

module.exports = { largestSmallestIntegers };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { largestSmallestIntegers } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(largestSmallestIntegers([2, 4, 1, 3, 5, 7]), [null, 1]);
});

test('example 2', () => {
  assert.deepStrictEqual(largestSmallestIntegers([]), [null, null]);
});

test('example 3', () => {
  assert.deepStrictEqual(largestSmallestIntegers([0]), [null, null]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(largestSmallestIntegers([2, 4, 1, 3, 5, 7]), [null, 1]);
  assert.deepStrictEqual(largestSmallestIntegers([2, 4, 1, 3, 5, 7, 0]), [null, 1]);
  assert.deepStrictEqual(largestSmallestIntegers([1, 3, 2, 4, 5, 6, -2]), [-2, 1]);
  assert.deepStrictEqual(largestSmallestIntegers([4, 5, 3, 6, 2, 7, -7]), [-7, 2]);
  assert.deepStrictEqual(largestSmallestIntegers([7, 3, 8, 4, 9, 2, 5, -9]), [-9, 2]);
  assert.deepStrictEqual(largestSmallestIntegers([]), [null, null]);
  assert.deepStrictEqual(largestSmallestIntegers([0]), [null, null]);
  assert.deepStrictEqual(largestSmallestIntegers([-1, -3, -5, -6]), [-1, null]);
  assert.deepStrictEqual(largestSmallestIntegers([-1, -3, -5, -6, 0]), [-1, null]);
  assert.deepStrictEqual(largestSmallestIntegers([-6, -4, -4, -3, 1]), [-3, 1]);
  assert.deepStrictEqual(largestSmallestIntegers([-6, -4, -4, -3, -100, 1]), [-3, 1]);
  console.log('official: ok');
}
