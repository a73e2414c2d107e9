'use strict';

/** Sorts the values at even indices and leaves those at odd ones where they are. */
function sortEven(list) {
  const evens = list.filter((_, index) => index % 2 === 0);
  const odds = list.filter((_, index) => index % 2 === 1);
  evens.sort((a, b) => a - b);
  const result = [];
  for (let i = 0; i < odds.length; i++) {
    result.push(evens[i], odds[i]);
  }
  if (evens.length > odds.length) {
    result.push(evens[evens.length - 1]);
  }
  return result;
}

module.exports = { sortEven };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { sortEven } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(sortEven([1, 2, 3]), [1, 2, 3]);
});

test('example 2', () => {
  assert.deepStrictEqual(sortEven([5, 6, 3, 4]), [3, 6, 5, 4]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(sortEven([1, 2, 3]), [1, 2, 3]);
  assert.deepStrictEqual(sortEven([5, 3, -5, 2, -3, 3, 9, 0, 123, 1, -10]), [-10, 3, -5, 2, -3, 3, 5, 0, 9, 1, 123]);
  assert.deepStrictEqual(sortEven([5, 8, -12, 4, 23, 2, 3, 11, 12, -10]), [-12, 8, 3, 4, 5, 2, 12, 11, 23, -10]);
  console.log('official: ok');
}
