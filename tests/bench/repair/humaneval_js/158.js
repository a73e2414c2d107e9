'use strict';

/** Gives the word with the most distinct characters, the first in the alphabet of several. */
function findMax(words) {
  const sorted = [...words].sort();
  let best = sorted[0];
  for (const word of sorted) {
    if (new Set(word).size > new Set(best).size) {
      best = word;
    }
  }
  return best;
}

module.exports = { findMax };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { findMax } = require('./solution');

test('example 1', () => {
  assert.strictEqual(findMax(['name', 'of', 'string']), 'string');
});

test('example 2', () => {
  assert.strictEqual(findMax(['name', 'enam', 'game']), 'enam');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(findMax(['name', 'of', 'string']), 'string');
  assert.strictEqual(findMax(['name', 'enam', 'game']), 'enam');
  assert.strictEqual(findMax(['aaaaaaa', 'bb', 'cc']), 'aaaaaaa');
  assert.strictEqual(findMax(['abc', 'cba']), 'abc');
  assert.strictEqual(findMax(['play', 'this', 'game', 'of', 'footbott']), 'footbott');
  assert.strictEqual(findMax(['we', 'are', 'gonna', 'rock']), 'gonna');
  assert.strictEqual(findMax(['we', 'are', 'a', 'mad', 'nation']), 'nation');
  assert.strictEqual(findMax(['this', 'is', 'a', 'prrk']), 'this');
  assert.strictEqual(findMax(['b']), 'b');
  assert.strictEqual(findMax(['play', 'play', 'play']), 'play');
  console.log('official: ok');
}
