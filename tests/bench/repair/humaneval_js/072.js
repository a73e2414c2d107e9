'use strict';

/** Tells whether the list is a palindrome and weighs no more than the limit. */
function willItFly(list, limit) {
  const weight = list.reduce((sum, value) => sum + value, 0);
  if (weight > limit) {
    return false;
  }
  let left = 0;
  let right = list.length - 1;
  while (left < right) {
    if (list[left] !== list[right]) {
      return false;
    }
    left += 1;
    right -= 1;
  }
  return true;
}

module.exports = { willItFly };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { willItFly } = require('./solution');

test('example 1', () => {
  assert.strictEqual(willItFly([1, 2], 5), false);
});

test('example 2', () => {
  assert.strictEqual(willItFly([3, 2, 3], 1), false);
});

test('example 3', () => {
  assert.strictEqual(willItFly([3, 2, 3], 9), true);
});

test('example 4', () => {
  assert.strictEqual(willItFly([3], 5), true);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(willItFly([3, 2, 3], 9), true);
  assert.strictEqual(willItFly([1, 2], 5), false);
  assert.strictEqual(willItFly([3], 5), true);
  assert.strictEqual(willItFly([3, 2, 3], 1), false);
  assert.strictEqual(willItFly([1, 2, 3], 6), false);
  assert.strictEqual(willItFly([5], 5), true);
  console.log('official: ok');
}
