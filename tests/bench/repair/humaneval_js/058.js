'use strict';

/** Gives the distinct numbers that both lists hold, sorted. */
function common(first, second) {
  const shared = new Set();
  for (const a of first) {
    for (const b of second) {
      if (a === b) {
        shared.add(a);
      }
    }
  }
  return [...shared].sort((a, b) => a - b);
}

module.exports = { common };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { common } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(common([1, 4, 3, 34, 653, 2, 5], [5, 7, 1, 5, 9, 653, 121]), [1, 5, 653]);
});

test('example 2', () => {
  assert.deepStrictEqual(common([5, 3, 2, 8], [3, 2]), [2, 3]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(common([1, 4, 3, 34, 653, 2, 5], [5, 7, 1, 5, 9, 653, 121]), [1, 5, 653]);
  assert.deepStrictEqual(common([5, 3, 2, 8], [3, 2]), [2, 3]);
  assert.deepStrictEqual(common([4, 3, 2, 8], [3, 2, 4]), [2, 3, 4]);
  assert.deepStrictEqual(common([4, 3, 2, 8], []), []);
  console.log('official: ok');
}
