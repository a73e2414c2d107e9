'use strict';

/** Tells whether the list ascends and holds no number more than twice. */
function isSorted(list) {
  const counts = new Map();
  for (const number of list) {
    counts.set(number, (counts.get(number) || 0) + 1);
    if (counts.get(number) > 2) {
      return false;
    }
  }
  for (let i = 1; i < list.length; i++) {
    if (list[i - 1] > list[i]) {
      return false;
    }
  }
  return true;
}

module.exports = { isSorted };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { isSorted } = require('./solution');

test('example 1', () => {
  assert.strictEqual(isSorted([5]), true);
});

test('example 2', () => {
  assert.strictEqual(isSorted([1, 2, 3, 4, 5]), true);
});

test('example 3', () => {
  assert.strictEqual(isSorted([1, 3, 2, 4, 5]), false);
});

test('example 4', () => {
  assert.strictEqual(isSorted([1, 2, 3, 4, 5, 6]), true);
});

test('example 5', () => {
  assert.strictEqual(isSorted([1, 2, 3, 4, 5, 6, 7]), true);
});

test('example 6', () => {
  assert.strictEqual(isSorted([1, 3, 2, 4, 5, 6, 7]), false);
});

test('example 7', () => {
  assert.strictEqual(isSorted([1, 2, 2, 3, 3, 4]), true);
});

test('example 8', () => {
  assert.strictEqual(isSorted([1, 2, 2, 2, 3, 4]), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(isSorted([5]), true);
  assert.strictEqual(isSorted([1, 2, 3, 4, 5]), true);
  assert.strictEqual(isSorted([1, 3, 2, 4, 5]), false);
  assert.strictEqual(isSorted([1, 2, 3, 4, 5, 6]), true);
  assert.strictEqual(isSorted([1, 2, 3, 4, 5, 6, 7]), true);
  assert.strictEqual(isSorted([1, 3, 2, 4, 5, 6, 7]), false);
  assert.strictEqual(isSorted([]), true);
  assert.strictEqual(isSorted([1]), true);
  assert.strictEqual(isSorted([3, 2, 1]), false);
  assert.strictEqual(isSorted([1, 2, 2, 2, 3, 4]), false);
  assert.strictEqual(isSorted([1, 2, 3, 3, 3, 4]), false);
  assert.strictEqual(isSorted([1, 2, 2, 3, 3, 4]), true);
  assert.strictEqual(isSorted([1, 2, 3, 4]), true);
  console.log('official: ok');
}
