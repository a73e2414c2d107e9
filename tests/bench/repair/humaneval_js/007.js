'use strict';

/** Keeps the strings that contain the substring. */
function filterBySubstring(strings, substring) {
  return strings.filter((text) => text.includes(substring));
}

module.exports = { filterBySubstring };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { filterBySubstring } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(filterBySubstring([], 'a'), []);
});

test('example 2', () => {
  assert.deepStrictEqual(filterBySubstring(['abc', 'bacd', 'cde', 'array'], 'a'), ['abc', 'bacd', 'array']);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(filterBySubstring([], 'john'), []);
  assert.deepStrictEqual(filterBySubstring(['xxx', 'asd', 'xxy', 'john doe', 'xxxAAA', 'xxx'], 'xxx'), ['xxx', 'xxxAAA', 'xxx']);
  assert.deepStrictEqual(filterBySubstring(['xxx', 'asd', 'aaaxxy', 'john doe', 'xxxAAA', 'xxx'], 'xx'), ['xxx', 'aaaxxy', 'xxxAAA', 'xxx']);
  assert.deepStrictEqual(filterBySubstring(['grunt', 'trumpet', 'prune', 'gruesome'], 'run'), ['grunt', 'prune']);
  console.log('official: ok');
}
