'use strict';

/** Keeps the positive numbers. */
function getPositive(numbers) {
  return numbers.filter((number) => number > 0);
}

module.exports = { getPositive };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { getPositive } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(getPositive([-1, 2, -4, 5, 6]), [2, 5, 6]);
});

test('example 2', () => {
  assert.deepStrictEqual(getPositive([5, 3, -5, 2, -3, 3, 9, 0, 123, 1, -10]), [5, 3, 2, 3, 9, 123, 1]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(getPositive([-1, -2, 4, 5, 6]), [4, 5, 6]);
  assert.deepStrictEqual(getPositive([5, 3, -5, 2, 3, 3, 9, 0, 123, 1, -10]), [5, 3, 2, 3, 3, 9, 123, 1]);
  assert.deepStrictEqual(getPositive([-1, -2]), []);
  assert.deepStrictEqual(getPositive([]), []);
  console.log('official: ok');
}
