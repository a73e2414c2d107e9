'use strict';

function isPrime(number) {
  if (number < 2) {
    return false;
  }
  for (let i = 2; i < number; i++) {
    if (number % i === 0) {
      return false;
    }
  }
  return true;
}

/** Says "YES" when the length of the intersection of two closed intervals is a prime number. */
function intersection(first, second) {
  const left = Math.max(first[0], second[0]);
  const right = Math.min(first[1], second[1]);
  const length = right - left;
  if (length > 0 && isPrime(length)) {
    return 'YES';
  }
  return 'NO';
}

module.exports = { intersection };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { intersection } = require('./solution');

test('example 1', () => {
  assert.strictEqual(intersection([1, 2], [2, 3]), 'NO');
});

test('example 2', () => {
  assert.strictEqual(intersection([-1, 1], [0, 4]), 'NO');
});

test('example 3', () => {
  assert.strictEqual(intersection([-3, -1], [-5, 5]), 'YES');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(intersection([1, 2], [2, 3]), 'NO');
  assert.strictEqual(intersection([-1, 1], [0, 4]), 'NO');
  assert.strictEqual(intersection([-3, -1], [-5, 5]), 'YES');
  assert.strictEqual(intersection([-2, 2], [-4, 0]), 'YES');
  assert.strictEqual(intersection([-11, 2], [-1, -1]), 'NO');
  assert.strictEqual(intersection([1, 2], [3, 5]), 'NO');
  assert.strictEqual(intersection([1, 2], [1, 2]), 'NO');
  assert.strictEqual(intersection([-2, -2], [-3, -2]), 'NO');
  console.log('official: ok');
}
