'use strict';

/** Sums the entries: squared where three divides the index, cubed where four does and three does not. */
function sumSquares(list) {
  let sum = 0;
  for (let i = 0; i < list.length; i++) {
    if (i % 3 === 0) {
      sum += list[i] ** 2;
    } else if (i % 4 === 0) {
      sum += list[i] ** 3;
    } else {
      sum += list[i];
    }
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
  assert.strictEqual(sumSquares([1, 2, 3]), 6);
});

test('example 2', () => {
  assert.strictEqual(sumSquares([]), 0);
});

test('example 3', () => {
  assert.strictEqual(sumSquares([-1, -5, 2, -1, -5]), -126);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(sumSquares([1, 2, 3]), 6);
  assert.strictEqual(sumSquares([1, 4, 9]), 14);
  assert.strictEqual(sumSquares([]), 0);
  assert.strictEqual(sumSquares([1, 1, 1, 1, 1, 1, 1, 1, 1]), 9);
  assert.strictEqual(sumSquares([-1, -1, -1, -1, -1, -1, -1, -1, -1]), -3);
  assert.strictEqual(sumSquares([0]), 0);
  assert.strictEqual(sumSquares([-1, -5, 2, -1, -5]), -126);
  assert.strictEqual(sumSquares([-56, -99, 1, 0, -2]), 3030);
  assert.strictEqual(sumSquares([-1, 0, 0, 0, 0, 0, 0, 0, -1]), 0);
  assert.strictEqual(sumSquares([-16, -9, -2, 36, 36, 26, -20, 25, -40, 20, -4, 12, -26, 35, 37]), -14196);
  assert.strictEqual(sumSquares([-1, -3, 17, -1, -15, 13, -1, 14, -14, -12, -5, 14, -14, 6, 13, 11, 16, 16, 4, 10]), -1448);
  console.log('official: ok');
}
