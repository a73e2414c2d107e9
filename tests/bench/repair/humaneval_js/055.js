'use strict';

/** Gives the n-th Fibonacci number. */
function fib(n) {
  if (n === 0) {
    return 0;
  }
  if (n === 1) {
    return 1;
  }
  return fib(n - 1) + fib(n - 2);
}

module.exports = { fib };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { fib } = require('./solution');

test('example 1', () => {
  assert.strictEqual(fib(10), 55);
});

test('example 2', () => {
  assert.strictEqual(fib(1), 1);
});

test('example 3', () => {
  assert.strictEqual(fib(8), 21);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(fib(10), 55);
  assert.strictEqual(fib(1), 1);
  assert.strictEqual(fib(8), 21);
  assert.strictEqual(fib(11), 89);
  assert.strictEqual(fib(12), 144);
  console.log('official: ok');
}
