'use strict';

/** Sorts ascending when the first and the last value sum to an odd number, else descending. */
function sortArray(array) {
  if (array.length === 0) {
    return [];
  }
  const copy = [...array];
  if ((array[0] + array[array.length - 1]) % 2 === 0) {
    copy.sort((a, b) => b - a);
  } else {
    copy.sort((a, b) => a - b);
  }
  return copy;
}

module.exports = { sortArray };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { sortArray } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(sortArray([]), []);
});

test('example 2', () => {
  assert.deepStrictEqual(sortArray([5]), [5]);
});

test('example 3', () => {
  assert.deepStrictEqual(sortArray([2, 4, 3, 0, 1, 5]), [0, 1, 2, 3, 4, 5]);
});

test('example 4', () => {
  assert.deepStrictEqual(sortArray([2, 4, 3, 0, 1, 5, 6]), [6, 5, 4, 3, 2, 1, 0]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(sortArray([]), []);
  assert.deepStrictEqual(sortArray([5]), [5]);
  assert.deepStrictEqual(sortArray([2, 4, 3, 0, 1, 5]), [0, 1, 2, 3, 4, 5]);
  assert.deepStrictEqual(sortArray([2, 4, 3, 0, 1, 5, 6]), [6, 5, 4, 3, 2, 1, 0]);
  assert.deepStrictEqual(sortArray([2, 1]), [1, 2]);
  assert.deepStrictEqual(sortArray([15, 42, 87, 32, 11, 0]), [0, 11, 15, 32, 42, 87]);
  assert.deepStrictEqual(sortArray([21, 14, 23, 11]), [23, 21, 14, 11]);
  console.log('official: ok');
}
