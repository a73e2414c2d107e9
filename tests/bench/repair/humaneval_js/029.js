'use strict';

/** Keeps the strings that start with the prefix. */
function filterByPrefix(strings, prefix) {
  const kept = [];
  for (const text of strings) {
    if (text.startsWith(prefix)) {
      kept.push(text);
    }
  }
  return kept;
}

module.exports = { filterByPrefix };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { filterByPrefix } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(filterByPrefix([], 'a'), []);
});

test('example 2', () => {
  assert.deepStrictEqual(filterByPrefix(['abc', 'bcd', 'cde', 'array'], 'a'), ['abc', 'array']);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(filterByPrefix([], 'john'), []);
  assert.deepStrictEqual(filterByPrefix(['xxx', 'asd', 'xxy', 'john doe', 'xxxAAA', 'xxx'], 'xxx'), ['xxx', 'xxxAAA', 'xxx']);
  console.log('official: ok');
}
