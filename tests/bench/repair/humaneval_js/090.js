'use strict';

/** Gives the second smallest distinct number, or null. */
function nextSmallest(list) {
  const sorted = [...new Set(list)].sort((a, b) => a - b);
  return sorted.length < 2 ? null : sorted[1];
}

module.exports = { nextSmallest };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { nextSmallest } = require('./solution');

test('example 1', () => {
  assert.strictEqual(nextSmallest([1, 2, 3, 4, 5]), 2);
});

test('example 2', () => {
  assert.strictEqual(nextSmallest([5, 1, 4, 3, 2]), 2);
});

test('example 3', () => {
  assert.strictEqual(nextSmallest([]), null);
});

test('example 4', () => {
  assert.strictEqual(nextSmallest([1, 1]), null);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(nextSmallest([1, 2, 3, 4, 5]), 2);
  assert.strictEqual(nextSmallest([5, 1, 4, 3, 2]), 2);
  assert.strictEqual(nextSmallest([]), null);
  assert.strictEqual(nextSmallest([1, 1]), null);
  assert.strictEqual(nextSmallest([1, 1, 1, 1, 0]), 1);
  assert.strictEqual(nextSmallest([1, 0 ** 0]), null);
  assert.strictEqual(nextSmallest([-35, 34, 12, -45]), -35);
  console.log('official: ok');
}
