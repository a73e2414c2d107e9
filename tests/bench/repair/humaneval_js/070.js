'use strict';

/** Takes the smallest, then the largest of what is left, then the smallest again, and so on. */
function strangeSortList(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const result = [];
  let smallest = true;
  while (sorted.length > 0) {
    result.push(smallest ? sorted.shift() : sorted.pop());
    smallest = !smallest;
  }
  return result;
}

module.exports = { strangeSortList };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { strangeSortList } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(strangeSortList([1, 2, 3, 4]), [1, 4, 2, 3]);
});

test('example 2', () => {
  assert.deepStrictEqual(strangeSortList([5, 5, 5, 5]), [5, 5, 5, 5]);
});

test('example 3', () => {
  assert.deepStrictEqual(strangeSortList([]), []);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(strangeSortList([1, 2, 3, 4]), [1, 4, 2, 3]);
  assert.deepStrictEqual(strangeSortList([5, 6, 7, 8, 9]), [5, 9, 6, 8, 7]);
  assert.deepStrictEqual(strangeSortList([1, 2, 3, 4, 5]), [1, 5, 2, 4, 3]);
  assert.deepStrictEqual(strangeSortList([5, 6, 7, 8, 9, 1]), [1, 9, 5, 8, 6, 7]);
  assert.deepStrictEqual(strangeSortList([5, 5, 5, 5]), [5, 5, 5, 5]);
  assert.deepStrictEqual(strangeSortList([]), []);
  assert.deepStrictEqual(strangeSortList([1, 2, 3, 4, 5, 6, 7, 8]), [1, 8, 2, 7, 3, 6, 4, 5]);
  assert.deepStrictEqual(strangeSortList([0, 2, 2, 2, 5, 5, -5, -5]), [-5, 5, -5, 5, 0, 2, 2, 2]);
  assert.deepStrictEqual(strangeSortList([111111]), [111111]);
  console.log('official: ok');
}
