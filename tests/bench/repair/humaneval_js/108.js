'use strict';

/** Sums the digits of n; the first digit of a negative number counts as negative. */
function digitsSum(n) {
  const digits = [...String(Math.abs(n))].map(Number);
  if (n < 0) {
    digits[0] = -digits[0];
  }
  return digits.reduce((sum, digit) => sum + digit, 0);
}

/** Counts the integers whose sum of digits is positive. */
function countNums(numbers) {
  return numbers.filter((number) => digitsSum(number) > 0).length;
}

module.exports = { countNums };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { countNums } = require('./solution');

test('example 1', () => {
  assert.strictEqual(countNums([]), 0);
});

test('example 2', () => {
  assert.strictEqual(countNums([-1, 11, -11]), 1);
});

test('example 3', () => {
  assert.strictEqual(countNums([1, 1, 2]), 3);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(countNums([]), 0);
  assert.strictEqual(countNums([-1, -2, 0]), 0);
  assert.strictEqual(countNums([1, 1, 2, -2, 3, 4, 5]), 6);
  assert.strictEqual(countNums([1, 6, 9, -6, 0, 1, 5]), 5);
  assert.strictEqual(countNums([1, 100, 98, -7, 1, -1]), 4);
  assert.strictEqual(countNums([12, 23, 34, -45, -56, 0]), 5);
  assert.strictEqual(countNums([-0, 1 ** 0]), 1);
  assert.strictEqual(countNums([1]), 1);
  console.log('official: ok');
}
