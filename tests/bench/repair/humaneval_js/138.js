'use strict';

/** Tells whether n is the sum of exactly four positive even numbers. */
function isEqualToSumEven(n) {
  return n % 2 === 0 && n >= 8;
}

module.exports = { isEqualToSumEven };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { isEqualToSumEven } = require('./solution');

test('example 1', () => {
  assert.strictEqual(isEqualToSumEven(4), false);
});

test('example 2', () => {
  assert.strictEqual(isEqualToSumEven(6), false);
});

test('example 3', () => {
  assert.strictEqual(isEqualToSumEven(8), true);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(isEqualToSumEven(4), false);
  assert.strictEqual(isEqualToSumEven(6), false);
  assert.strictEqual(isEqualToSumEven(8), true);
  assert.strictEqual(isEqualToSumEven(10), true);
  assert.strictEqual(isEqualToSumEven(11), false);
  assert.strictEqual(isEqualToSumEven(12), true);
  assert.strictEqual(isEqualToSumEven(13), false);
  assert.strictEqual(isEqualToSumEven(16), true);
  console.log('official: ok');
}
