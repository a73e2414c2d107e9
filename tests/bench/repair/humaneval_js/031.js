'use strict';

/** Tells whether n is a prime number. */
function isPrime(n) {
  if (n < 2) {
    return false;
  }
  for (let divisor = 2; divisor < n - 1; divisor++) {
    if (n % divisor === 0) {
      return false;
    }
  }
  return true;
}

module.exports = { isPrime };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { isPrime } = require('./solution');

test('example 1', () => {
  assert.strictEqual(isPrime(6), false);
});

test('example 2', () => {
  assert.strictEqual(isPrime(101), true);
});

test('example 3', () => {
  assert.strictEqual(isPrime(11), true);
});

test('example 4', () => {
  assert.strictEqual(isPrime(13441), true);
});

test('example 5', () => {
  assert.strictEqual(isPrime(61), true);
});

test('example 6', () => {
  assert.strictEqual(isPrime(4), false);
});

test('example 7', () => {
  assert.strictEqual(isPrime(1), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(isPrime(6), false);
  assert.strictEqual(isPrime(101), true);
  assert.strictEqual(isPrime(11), true);
  assert.strictEqual(isPrime(13441), true);
  assert.strictEqual(isPrime(61), true);
  assert.strictEqual(isPrime(4), false);
  assert.strictEqual(isPrime(1), false);
  assert.strictEqual(isPrime(5), true);
  assert.strictEqual(isPrime(11), true);
  assert.strictEqual(isPrime(17), true);
  assert.strictEqual(isPrime(5 * 17), false);
  assert.strictEqual(isPrime(11 * 7), false);
  assert.strictEqual(isPrime(13441 * 19), false);
  console.log('official: ok');
}
