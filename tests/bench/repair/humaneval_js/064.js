'use strict';

/** Counts the vowels of a word; y is one at its end only. */
function vowelsCount(word) {
  const vowels = 'aeiouAEIOU';
  let count = 0;
  for (const character of word) {
    if (vowels.includes(character)) {
      count += 1;
    }
  }
  const last = word[word.length - 1];
  if (last === 'y' || last === 'Y') {
    count += 1;
  }
  return count;
}

module.exports = { vowelsCount };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { vowelsCount } = require('./solution');

test('example 1', () => {
  assert.strictEqual(vowelsCount('abcde'), 2);
});

test('example 2', () => {
  assert.strictEqual(vowelsCount('ACEDY'), 3);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(vowelsCount('abcde'), 2);
  assert.strictEqual(vowelsCount('Alone'), 3);
  assert.strictEqual(vowelsCount('key'), 2);
  assert.strictEqual(vowelsCount('bye'), 1);
  assert.strictEqual(vowelsCount('keY'), 2);
  assert.strictEqual(vowelsCount('bYe'), 1);
  assert.strictEqual(vowelsCount('ACEDY'), 3);
  console.log('official: ok');
}
