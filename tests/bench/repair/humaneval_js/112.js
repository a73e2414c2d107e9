'use strict';

/** Deletes the given characters and tells whether what is left is a palindrome. */
function reverseDelete(text, characters) {
  const left = [...text].filter((character) => !characters.includes(character)).join('');
  return [left, [...left].reverse().join('') === left];
}

module.exports = { reverseDelete };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { reverseDelete } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(reverseDelete('abcde', 'ae'), ['bcd', false]);
});

test('example 2', () => {
  assert.deepStrictEqual(reverseDelete('abcdef', 'b'), ['acdef', false]);
});

test('example 3', () => {
  assert.deepStrictEqual(reverseDelete('abcdedcba', 'ab'), ['cdedc', true]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(reverseDelete('abcde', 'ae'), ['bcd', false]);
  assert.deepStrictEqual(reverseDelete('abcdef', 'b'), ['acdef', false]);
  assert.deepStrictEqual(reverseDelete('abcdedcba', 'ab'), ['cdedc', true]);
  assert.deepStrictEqual(reverseDelete('dwik', 'w'), ['dik', false]);
  assert.deepStrictEqual(reverseDelete('a', 'a'), ['', true]);
  assert.deepStrictEqual(reverseDelete('abcdedcba', ''), ['abcdedcba', true]);
  assert.deepStrictEqual(reverseDelete('abcdedcba', 'v'), ['abcdedcba', true]);
  assert.deepStrictEqual(reverseDelete('vabba', 'v'), ['abba', true]);
  assert.deepStrictEqual(reverseDelete('mamma', 'mia'), ['', true]);
  console.log('official: ok');
}
