'use strict';

/** Gives the product of the unit digits of two integers. */
function multiply(a, b) {
  return (Math.abs(a) % 10) * (Math.abs(b) % 10);
}

module.exports = { multiply };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { multiply } = require('./solution');

test('example 1', () => {
  assert.strictEqual(multiply(148, 412), 16);
});

test('example 2', () => {
  assert.strictEqual(multiply(19, 28), 72);
});

test('example 3', () => {
  assert.strictEqual(multiply(2020, 1851), 0);
});

test('example 4', () => {
  assert.strictEqual(multiply(14, -15), 20);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(multiply(148, 412), 16);
  assert.strictEqual(multiply(19, 28), 72);
  assert.strictEqual(multiply(2020, 1851), 0);
  assert.strictEqual(multiply(14, -15), 20);
  assert.strictEqual(multiply(76, 67), 42);
  assert.strictEqual(multiply(17, 27), 49);
  assert.strictEqual(multiply(0, 1), 0);
  assert.strictEqual(multiply(0, 0), 0);
  console.log('official: ok');
}
