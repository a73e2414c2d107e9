'use strict';

/** Tells whether three distinct elements of the list sum to zero. */
function triplesSumToZero(list) {
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < list.length; j++) {
      for (let k = j + 1; k < list.length; k++) {
        if (list[i] + list[j] + list[k] === 0) {
          return true;
        }
      }
    }
  }
  return false;
}

module.exports = { triplesSumToZero };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { triplesSumToZero } = require('./solution');

test('example 1', () => {
  assert.strictEqual(triplesSumToZero([1, 3, 5, 0]), false);
});

test('example 2', () => {
  assert.strictEqual(triplesSumToZero([1, 3, -2, 1]), true);
});

test('example 3', () => {
  assert.strictEqual(triplesSumToZero([1, 2, 3, 7]), false);
});

test('example 4', () => {
  assert.strictEqual(triplesSumToZero([2, 4, -5, 3, 9, 7]), true);
});

test('example 5', () => {
  assert.strictEqual(triplesSumToZero([1]), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(triplesSumToZero([1, 3, 5, 0]), false);
  assert.strictEqual(triplesSumToZero([1, 3, 5, -1]), false);
  assert.strictEqual(triplesSumToZero([1, 3, -2, 1]), true);
  assert.strictEqual(triplesSumToZero([1, 2, 3, 7]), false);
  assert.strictEqual(triplesSumToZero([1, 2, 5, 7]), false);
  assert.strictEqual(triplesSumToZero([2, 4, -5, 3, 9, 7]), true);
  assert.strictEqual(triplesSumToZero([1]), false);
  assert.strictEqual(triplesSumToZero([1, 3, 5, -100]), false);
  assert.strictEqual(triplesSumToZero([100, 3, 5, -100]), false);
  console.log('official: ok');
}
