'use strict';

/** Gives the n-th number of the sequence 0, 0, 1 in which each further one is the sum of the three before it. */
function fibfib(n) {
  let [a, b, c] = [0, 0, 1];
  for (let i = 0; i < n; i++) {
    [a, b, c] = [b, c, a + b + c];
  }
  return a;
}

module.exports = { fibfib };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { fibfib } = require('./solution');

test('example 1', () => {
  assert.strictEqual(fibfib(0), 0);
});

test('example 2', () => {
  assert.strictEqual(fibfib(1), 0);
});

test('example 3', () => {
  assert.strictEqual(fibfib(2), 1);
});

test('example 4', () => {
  assert.strictEqual(fibfib(5), 4);
});

test('example 5', () => {
  assert.strictEqual(fibfib(8), 24);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(fibfib(2), 1);
  assert.strictEqual(fibfib(1), 0);
  assert.strictEqual(fibfib(5), 4);
  assert.strictEqual(fibfib(8), 24);
  assert.strictEqual(fibfib(10), 81);
  assert.strictEqual(fibfib(12), 274);
  assert.strictEqual(fibfib(14), 927);
  console.log('official: ok');
}
