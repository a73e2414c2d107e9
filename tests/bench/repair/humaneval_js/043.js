'use strict';

/** Tells whether two distinct elements of the list sum to zero. */
function pairsSumToZero(list) {
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < list.length; j++) {
      if (list[i] + list[j] === 0) {
        return true;
      }
    }
  }
  return false;
}

module.exports = { pairsSumToZero };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { pairsSumToZero } = require('./solution');

test('example 1', () => {
  assert.strictEqual(pairsSumToZero([1, 3, 5, 0]), false);
});

test('example 2', () => {
  assert.strictEqual(pairsSumToZero([1, 3, -2, 1]), false);
});

test('example 3', () => {
  assert.strictEqual(pairsSumToZero([1, 2, 3, 7]), false);
});

test('example 4', () => {
  assert.strictEqual(pairsSumToZero([2, 4, -5, 3, 5, 7]), true);
});

test('example 5', () => {
  assert.strictEqual(pairsSumToZero([1]), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(pairsSumToZero([1, 3, 5, 0]), false);
  assert.strictEqual(pairsSumToZero([1, 3, -2, 1]), false);
  assert.strictEqual(pairsSumToZero([1, 2, 3, 7]), false);
  assert.strictEqual(pairsSumToZero([2, 4, -5, 3, 5, 7]), true);
  assert.strictEqual(pairsSumToZero([1]), false);
  assert.strictEqual(pairsSumToZero([-3, 9, -1, 3, 2, 30]), true);
  assert.strictEqual(pairsSumToZero([-3, 9, -1, 3, 2, 31]), true);
  assert.strictEqual(pairsSumToZero([-3, 9, -1, 4, 2, 30]), false);
  assert.strictEqual(pairsSumToZero([-3, 9, -1, 4, 2, 31]), false);
  console.log('official: ok');
}
