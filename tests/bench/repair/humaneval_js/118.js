'use strict';

/** Finds, from the right, the first vowel that stands between two consonants, or "". */
function getClosestVowel(word) {
  if (word.length < 3) {
    return '';
  }
  const vowels = 'aeiouAEIOU';
  for (let i = word.length - 2; i > 0; i--) {
    if (vowels.includes(word[i])) {
      if (!vowels.includes(word[i + 1]) && !vowels.includes(word[i - 1])) {
        return word[i];
      }
    }
  }
  return '';
}

module.exports = { getClosestVowel };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { getClosestVowel } = require('./solution');

test('example 1', () => {
  assert.strictEqual(getClosestVowel('yogurt'), 'u');
});

test('example 2', () => {
  assert.strictEqual(getClosestVowel('FULL'), 'U');
});

test('example 3', () => {
  assert.strictEqual(getClosestVowel('quick'), '');
});

test('example 4', () => {
  assert.strictEqual(getClosestVowel('ab'), '');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(getClosestVowel('yogurt'), 'u');
  assert.strictEqual(getClosestVowel('full'), 'u');
  assert.strictEqual(getClosestVowel('easy'), '');
  assert.strictEqual(getClosestVowel('eAsy'), '');
  assert.strictEqual(getClosestVowel('ali'), '');
  assert.strictEqual(getClosestVowel('bad'), 'a');
  assert.strictEqual(getClosestVowel('most'), 'o');
  assert.strictEqual(getClosestVowel('ab'), '');
  assert.strictEqual(getClosestVowel('ba'), '');
  assert.strictEqual(getClosestVowel('quick'), '');
  assert.strictEqual(getClosestVowel('anime'), 'i');
  assert.strictEqual(getClosestVowel('Asia'), '');
  assert.strictEqual(getClosestVowel('Above'), 'o');
  console.log('official: ok');
}
