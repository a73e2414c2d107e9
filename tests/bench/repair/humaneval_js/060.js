'use strict';

/** Sums the numbers from 1 to n. */
function sumToN(n) {
  let sum = 0;
  for (let i = 1; i <= n; i++) {
    sum += i;
  }
  return sum;
}

module.exports = { sumToN };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { sumToN } = require('./solution');

test('example 1', () => {
  assert.strictEqual(sumToN(30), 465);
});

test('example 2', () => {
  assert.strictEqual(sumToN(100), 5050);
});

test('example 3', () => {
  assert.strictEqual(sumToN(5), 15);
});

test('example 4', () => {
  assert.strictEqual(sumToN(10), 55);
});

test('example 5', () => {
  assert.strictEqual(sumToN(1), 1);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(sumToN(1), 1);
  assert.strictEqual(sumToN(6), 21);
  assert.strictEqual(sumToN(11), 66);
  assert.strictEqual(sumToN(30), 465);
  assert.strictEqual(sumToN(100), 5050);
  console.log('official: ok');
}
