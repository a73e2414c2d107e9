'use strict';

/** Takes the vowels out of the text. */
function removeVowels(text) {
  const vowels = ['a', 'e', 'i', 'o', 'u'];
  return [...text].filter((character) => !vowels.includes(character.toLowerCase())).join('');
}

module.exports = { removeVowels };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { removeVowels } = require('./solution');

test('example 1', () => {
  assert.strictEqual(removeVowels(''), '');
});

test('example 2', () => {
  assert.strictEqual(removeVowels('abcdef'), 'bcdf');
});

test('example 3', () => {
  assert.strictEqual(removeVowels('aaaaa'), '');
});

test('example 4', () => {
  assert.strictEqual(removeVowels('aaBAA'), 'B');
});

test('example 5', () => {
  assert.strictEqual(removeVowels('zbcd'), 'zbcd');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(removeVowels(''), '');
  assert.strictEqual(removeVowels('abcdef\nghijklm'), 'bcdf\nghjklm');
  assert.strictEqual(removeVowels('fedcba'), 'fdcb');
  assert.strictEqual(removeVowels('eeeee'), '');
  assert.strictEqual(removeVowels('acBAA'), 'cB');
  assert.strictEqual(removeVowels('EcBOO'), 'cB');
  assert.strictEqual(removeVowels('ybcd'), 'ybcd');
  console.log('official: ok');
}
