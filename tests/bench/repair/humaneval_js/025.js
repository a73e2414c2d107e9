'use strict';

/** Lists the prime factors from the smallest to the largest, each as often as it divides. */
function factorize(n) {
  const factors = [];
  let candidate = 2;
  while (candidate * candidate <= n) {
    if (n % candidate === 0) {
      factors.push(candidate);
      n = Math.floor(n / candidate);
    } else {
      candidate += 1;
    }
  }
  if (n > 1) {
    factors.push(n);
  }
  return factors;
}

module.exports = { factorize };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { factorize } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(factorize(8), [2, 2, 2]);
});

test('example 2', () => {
  assert.deepStrictEqual(factorize(25), [5, 5]);
});

test('example 3', () => {
  assert.deepStrictEqual(factorize(70), [2, 5, 7]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(factorize(2), [2]);
  assert.deepStrictEqual(factorize(4), [2, 2]);
  assert.deepStrictEqual(factorize(8), [2, 2, 2]);
  assert.deepStrictEqual(factorize(3 * 19), [3, 19]);
  assert.deepStrictEqual(factorize(3 * 19 * 3 * 19), [3, 3, 19, 19]);
  assert.deepStrictEqual(factorize(3 * 19 * 3 * 19 * 3 * 19), [3, 3, 3, 19, 19, 19]);
  assert.deepStrictEqual(factorize(3 * 19 * 19 * 19), [3, 19, 19, 19]);
  assert.deepStrictEqual(factorize(3 * 2 * 3), [2, 3, 3]);
  console.log('official: ok');
}
