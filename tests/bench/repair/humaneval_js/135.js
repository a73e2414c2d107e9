'use strict';

/** Gives the largest index of an element that is not greater than or equal to the one before it, or -1. */
function canArrange(array) {
  let index = -1;
  for (let i = 1; i < array.length; i++) {
    if (array[i] < array[i - 1]) {
      index = i;
    }
  }
  return index;
}

module.exports = { canArrange };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { canArrange } = require('./solution');

test('example 1', () => {
  assert.strictEqual(canArrange([1, 2, 4, 3, 5]), 3);
});

test('example 2', () => {
  assert.strictEqual(canArrange([1, 2, 3]), -1);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(canArrange([1, 2, 4, 3, 5]), 3);
  assert.strictEqual(canArrange([1, 2, 4, 5]), -1);
  assert.strictEqual(canArrange([1, 4, 2, 5, 6, 7, 8, 9, 10]), 2);
  assert.strictEqual(canArrange([4, 8, 5, 7, 3]), 4);
  assert.strictEqual(canArrange([]), -1);
  console.log('official: ok');
}
