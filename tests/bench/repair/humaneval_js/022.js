'use strict';

/** Keeps only the integers of a list of any values. */
function filterIntegers(values) {
  return values.filter((value) => Number.isInteger(value));
}

module.exports = { filterIntegers };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { filterIntegers } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(filterIntegers(['a', 3.14, 5]), [5]);
});

test('example 2', () => {
  assert.deepStrictEqual(filterIntegers([1, 2, 3, 'abc', {}, []]), [1, 2, 3]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(filterIntegers([]), []);
  assert.deepStrictEqual(filterIntegers([4, {}, [], 23.2, 9, 'adasd']), [4, 9]);
  assert.deepStrictEqual(filterIntegers([3, 'c', 3, 3, 'a', 'b']), [3, 3, 3]);
  console.log('official: ok');
}
