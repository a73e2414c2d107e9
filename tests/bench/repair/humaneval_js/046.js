'use strict';

/** Gives the n-th number of the sequence 0, 0, 2, 0 in which each further one is the sum of the four before it. */
function fib4(n) {
  const window = [0, 0, 2, 0];
  if (n < 4) {
    return window[n];
  }
  for (let i = 4; i <= n; i++) {
    window.push(window[0] + window[1] + window[2] + window[3]);
    window.shift();
  }
  return window[3];
}

module.exports = { fib4 };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { fib4 } = require('./solution');

test('example 1', () => {
  assert.strictEqual(fib4(0), 0);
});

test('example 2', () => {
  assert.strictEqual(fib4(1), 0);
});

test('example 3', () => {
  assert.strictEqual(fib4(2), 2);
});

test('example 4', () => {
  assert.strictEqual(fib4(3), 0);
});

test('example 5', () => {
  assert.strictEqual(fib4(5), 4);
});

test('example 6', () => {
  assert.strictEqual(fib4(6), 8);
});

test('example 7', () => {
  assert.strictEqual(fib4(7), 14);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(fib4(5), 4);
  assert.strictEqual(fib4(8), 28);
  assert.strictEqual(fib4(10), 104);
  assert.strictEqual(fib4(12), 386);
  console.log('official: ok');
}
