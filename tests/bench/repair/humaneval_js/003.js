'use strict';

/** Tells whether a balance that starts at zero ever falls below zero under the given operations. */
function belowZero(operations) {
  let balance = 0;
  for (const operation of operations) {
    balance += operation;
    if (balance < 0) {
      return true;
    }
  }
  return false;
}

module.exports = { belowZero };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { belowZero } = require('./solution');

test('example 1', () => {
  assert.strictEqual(belowZero([1, 2, 3]), false);
});

test('example 2', () => {
  assert.strictEqual(belowZero([1, 2, -4, 5]), true);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(belowZero([]), false);
  assert.strictEqual(belowZero([1, 2, -3, 1, 2, -3]), false);
  assert.strictEqual(belowZero([1, 2, -4, 5, 6]), true);
  assert.strictEqual(belowZero([1, -1, 2, -2, 5, -5, 4, -4]), false);
  assert.strictEqual(belowZero([1, -1, 2, -2, 5, -5, 4, -5]), true);
  assert.strictEqual(belowZero([1, -2, 2, -2, 5, -5, 4, -4]), true);
  console.log('official: ok');
}
