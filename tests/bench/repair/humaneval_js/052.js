'use strict';

/** Tells whether all numbers are below the threshold. */
function belowThreshold(numbers, threshold) {
  for (const number of numbers) {
    if (number >= threshold) {
      return false;
    }
  }
  return true;
}

module.exports = { belowThreshold };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { belowThreshold } = require('./solution');

test('example 1', () => {
  assert.strictEqual(belowThreshold([1, 2, 4, 10], 100), true);
});

test('example 2', () => {
  assert.strictEqual(belowThreshold([1, 20, 4, 10], 5), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(belowThreshold([1, 2, 4, 10], 100), true);
  assert.strictEqual(belowThreshold([1, 20, 4, 10], 5), false);
  assert.strictEqual(belowThreshold([1, 20, 4, 10], 21), true);
  assert.strictEqual(belowThreshold([1, 20, 4, 10], 22), true);
  assert.strictEqual(belowThreshold([1, 8, 4, 10], 11), true);
  assert.strictEqual(belowThreshold([1, 8, 4, 10], 10), false);
  console.log('official: ok');
}
