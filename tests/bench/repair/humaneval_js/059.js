'use strict';

/** Gives the largest prime factor of a composite n. */
function largestPrimeFactor(n) {
  let largest = 1;
  let divisor = 2;
  while (n > 1) {
    if (n % divisor === 0) {
      largest = Math.max(largest, divisor);
      n = n / divisor;
    } else {
      divisor += 1;
    }
  }
  return largest;
}

module.exports = { largestPrimeFactor };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { largestPrimeFactor } = require('./solution');

test('example 1', () => {
  assert.strictEqual(largestPrimeFactor(13195), 29);
});

test('example 2', () => {
  assert.strictEqual(largestPrimeFactor(2048), 2);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(largestPrimeFactor(15), 5);
  assert.strictEqual(largestPrimeFactor(27), 3);
  assert.strictEqual(largestPrimeFactor(63), 7);
  assert.strictEqual(largestPrimeFactor(330), 11);
  assert.strictEqual(largestPrimeFactor(13195), 29);
  console.log('official: ok');
}
