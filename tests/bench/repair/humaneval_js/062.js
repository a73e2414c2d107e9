'use strict';

/** Gives the coefficients of the derivative of the polynomial with these coefficients. */
function derivative(coefficients) {
  return coefficients.map((coefficient, power) => coefficient * power).slice(1);
}

module.exports = { derivative };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { derivative } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(derivative([3, 1, 2, 4, 5]), [1, 4, 12, 20]);
});

test('example 2', () => {
  assert.deepStrictEqual(derivative([1, 2, 3]), [2, 6]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(derivative([3, 1, 2, 4, 5]), [1, 4, 12, 20]);
  assert.deepStrictEqual(derivative([1, 2, 3]), [2, 6]);
  assert.deepStrictEqual(derivative([3, 2, 1]), [2, 2]);
  assert.deepStrictEqual(derivative([3, 2, 1, 0, 4]), [2, 2, 0, 16]);
  assert.deepStrictEqual(derivative([1]), []);
  console.log('official: ok');
}
