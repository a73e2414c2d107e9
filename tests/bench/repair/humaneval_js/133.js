'use strict';

/** Rounds every number up and sums their squares. */
function sumSquares(numbers) {
  let sum = 0;
  for (const number of numbers) {
    sum += Math.ceil(number) ** 2;
  }
  return sum;
}

module.exports = { sumSquares };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { sumSquares } = require('./solution');

test('example 1', () => {
  assert.strictEqual(sumSquares([1, 2, 3]), 14);
});

test('example 2', () => {
  assert.strictEqual(sumSquares([1, 4, 9]), 98);
});

test('example 3', () => {
  assert.strictEqual(sumSquares([1, 3, 5, 7]), 84);
});

test('example 4', () => {
  assert.strictEqual(sumSquares([1.4, 4.2, 0]), 29);
});

test('example 5', () => {
  assert.strictEqual(sumSquares([-2.4, 1, 1]), 6);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(sumSquares([1, 2, 3]), 14);
  assert.strictEqual(sumSquares([1, 2, 3]), 14);
  assert.strictEqual(sumSquares([1, 3, 5, 7]), 84);
  assert.strictEqual(sumSquares([1.4, 4.2, 0]), 29);
  assert.strictEqual(sumSquares([-2.4, 1, 1]), 6);
  assert.strictEqual(sumSquares([100, 1, 15, 2]), 10230);
  assert.strictEqual(sumSquares([10000, 10000]), 200000000);
  assert.strictEqual(sumSquares([-1.4, 4.6, 6.3]), 75);
  assert.strictEqual(sumSquares([-1.4, 17.9, 18.9, 19.9]), 1086);
  assert.strictEqual(sumSquares([0]), 0);
  assert.strictEqual(sumSquares([-1]), 1);
  assert.strictEqual(sumSquares([-1, 1, 0]), 2);
  console.log('official: ok');
}
