'use strict';

/** Puts the delimiter between every two consecutive numbers. */
function intersperse(numbers, delimiter) {
  if (numbers.length === 0) {
    return [];
  }
  const result = [];
  for (const number of numbers.slice(0, -1)) {
    result.push(number);
    result.push(delimiter);
  }
  result.push(numbers[numbers.length - 1]);
  return result;
}

module.exports = { intersperse };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { intersperse } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(intersperse([], 4), []);
});

test('example 2', () => {
  assert.deepStrictEqual(intersperse([1, 2, 3], 4), [1, 4, 2, 4, 3]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(intersperse([], 7), []);
  assert.deepStrictEqual(intersperse([5, 6, 3, 2], 8), [5, 8, 6, 8, 3, 8, 2]);
  assert.deepStrictEqual(intersperse([2, 2, 2], 2), [2, 2, 2, 2, 2]);
  console.log('official: ok');
}
