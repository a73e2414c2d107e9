'use strict';

/** Tells whether x is an integer power of n. */
function isSimplePower(x, n) {
  if (n === 1) {
    return x === 1;
  }
  let power = 1;
  while (power < x) {
    power = power * n;
  }
  return power === x;
}

module.exports = { isSimplePower };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { isSimplePower } = require('./solution');

test('example 1', () => {
  assert.strictEqual(isSimplePower(1, 4), true);
});

test('example 2', () => {
  assert.strictEqual(isSimplePower(2, 2), true);
});

test('example 3', () => {
  assert.strictEqual(isSimplePower(8, 2), true);
});

test('example 4', () => {
  assert.strictEqual(isSimplePower(3, 2), false);
});

test('example 5', () => {
  assert.strictEqual(isSimplePower(3, 1), false);
});

test('example 6', () => {
  assert.strictEqual(isSimplePower(5, 3), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(isSimplePower(16, 2), true);
  assert.strictEqual(isSimplePower(143214, 16), false);
  assert.strictEqual(isSimplePower(4, 2), true);
  assert.strictEqual(isSimplePower(9, 3), true);
  assert.strictEqual(isSimplePower(16, 4), true);
  assert.strictEqual(isSimplePower(24, 2), false);
  assert.strictEqual(isSimplePower(128, 4), false);
  assert.strictEqual(isSimplePower(12, 6), false);
  assert.strictEqual(isSimplePower(1, 1), true);
  assert.strictEqual(isSimplePower(1, 12), true);
  console.log('official: ok');
}
