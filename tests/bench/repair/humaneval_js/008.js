'use strict';

/** Gives the sum and the product of the numbers; 0 and 1 for none. */
function sumProduct(numbers) {
  let sum = 0;
  let product = 1;
  for (const number of numbers) {
    sum += number;
    product *= number;
  }
  return [sum, product];
}

module.exports = { sumProduct };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { sumProduct } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(sumProduct([]), [0, 1]);
});

test('example 2', () => {
  assert.deepStrictEqual(sumProduct([1, 2, 3, 4]), [10, 24]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(sumProduct([]), [0, 1]);
  assert.deepStrictEqual(sumProduct([1, 1, 1]), [3, 1]);
  assert.deepStrictEqual(sumProduct([100, 0]), [100, 0]);
  assert.deepStrictEqual(sumProduct([3, 5, 7]), [3 + 5 + 7, 3 * 5 * 7]);
  assert.deepStrictEqual(sumProduct([10]), [10, 10]);
  console.log('official: ok');
}
