'use strict';

function isPrime(n) {
  if (n < 2) {
    return false;
  }
  for (let k = 2; k * k <= n; k++) {
    if (n % k === 0) {
      return false;
    }
  }
  return true;
}

/** Gives the n-th Fibonacci number that is prime. */
function primeFib(n) {
  let previous = 0;
  let current = 1;
  for (;;) {
    [previous, current] = [current, previous + current];
    if (isPrime(current)) {
      n -= 1;
    }
    if (n === 0) {
      return current;
    }
  }
}

module.exports = { primeFib };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { primeFib } = require('./solution');

test('example 1', () => {
  assert.strictEqual(primeFib(1), 2);
});

test('example 2', () => {
  assert.strictEqual(primeFib(2), 3);
});

test('example 3', () => {
  assert.strictEqual(primeFib(3), 5);
});

test('example 4', () => {
  assert.strictEqual(primeFib(4), 13);
});

test('example 5', () => {
  assert.strictEqual(primeFib(5), 89);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(primeFib(1), 2);
  assert.strictEqual(primeFib(2), 3);
  assert.strictEqual(primeFib(3), 5);
  assert.strictEqual(primeFib(4), 13);
  assert.strictEqual(primeFib(5), 89);
  assert.strictEqual(primeFib(6), 233);
  assert.strictEqual(primeFib(7), 1597);
  assert.strictEqual(primeFib(8), 28657);
  assert.strictEqual(primeFib(9), 514229);
  assert.strictEqual(primeFib(10), 433494437);
  console.log('official: ok');
}
