'use strict';

/** Multiplies the sum of magnitudes with the product of signs; null for an empty list. */
function prodSigns(numbers) {
  if (numbers.length === 0) {
    return null;
  }
  let sign = 1;
  let sum = 0;
  for (const number of numbers) {
    if (number === 0) {
      return 0;
    }
    if (number < 0) {
      sign = -sign;
    }
    sum += Math.abs(number);
  }
  return sign * sum;
}

module.exports = { prodSigns };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { prodSigns } = require('./solution');

test('example 1', () => {
  assert.strictEqual(prodSigns([1, 2, 2, -4]), -9);
});

test('example 2', () => {
  assert.strictEqual(prodSigns([0, 1]), 0);
});

test('example 3', () => {
  assert.strictEqual(prodSigns([]), null);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(prodSigns([1, 2, 2, -4]), -9);
  assert.strictEqual(prodSigns([0, 1]), 0);
  assert.strictEqual(prodSigns([1, 1, 1, 2, 3, -1, 1]), -10);
  assert.strictEqual(prodSigns([]), null);
  assert.strictEqual(prodSigns([2, 4, 1, 2, -1, -1, 9]), 20);
  assert.strictEqual(prodSigns([-1, 1, -1, 1]), 4);
  assert.strictEqual(prodSigns([-1, 1, 1, 1]), -4);
  assert.strictEqual(prodSigns([-1, 1, 1, 0]), 0);
  console.log('official: ok');
}
