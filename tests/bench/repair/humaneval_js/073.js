'use strict';

/** Counts the elements that must change for the list to become a palindrome. */
function smallestChange(list) {
  let changes = 0;
  for (let i = 0; i < Math.floor(list.length / 2); i++) {
    if (list[i] !== list[list.length - i - 1]) {
      changes += 1;
    }
  }
  return changes;
}

module.exports = { smallestChange };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { smallestChange } = require('./solution');

test('example 1', () => {
  assert.strictEqual(smallestChange([1, 2, 3, 5, 4, 7, 9, 6]), 4);
});

test('example 2', () => {
  assert.strictEqual(smallestChange([1, 2, 3, 4, 3, 2, 2]), 1);
});

test('example 3', () => {
  assert.strictEqual(smallestChange([1, 2, 3, 2, 1]), 0);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(smallestChange([1, 2, 3, 5, 4, 7, 9, 6]), 4);
  assert.strictEqual(smallestChange([1, 2, 3, 4, 3, 2, 2]), 1);
  assert.strictEqual(smallestChange([1, 4, 2]), 1);
  assert.strictEqual(smallestChange([1, 4, 4, 2]), 1);
  assert.strictEqual(smallestChange([1, 2, 3, 2, 1]), 0);
  assert.strictEqual(smallestChange([3, 1, 1, 3]), 0);
  assert.strictEqual(smallestChange([1]), 0);
  assert.strictEqual(smallestChange([0, 1]), 1);
  console.log('official: ok');
}
