'use strict';

/** Gives the longest string, the first of several, or null for an empty list. */
function longest(strings) {
  if (strings.length === 0) {
    return null;
  }
  const longestLength = Math.max(...strings.map((text) => text.length));
  for (const text of strings) {
    if (text.length === longestLength) {
      return text;
    }
  }
  return null;
}

module.exports = { longest };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { longest } = require('./solution');

test('example 1', () => {
  assert.strictEqual(longest([]), null);
});

test('example 2', () => {
  assert.strictEqual(longest(['a', 'b', 'c']), 'a');
});

test('example 3', () => {
  assert.strictEqual(longest(['a', 'bb', 'ccc']), 'ccc');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(longest([]), null);
  assert.strictEqual(longest(['x', 'y', 'z']), 'x');
  assert.strictEqual(longest(['x', 'yyy', 'zzzz', 'www', 'kkkk', 'abc']), 'zzzz');
  console.log('official: ok');
}
