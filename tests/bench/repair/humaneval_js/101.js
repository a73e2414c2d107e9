'use strict';

/** Splits the text at commas and blanks into words. */
function wordsString(text) {
  if (!text) {
    return [];
  }
  const characters = [];
  for (const character of text) {
    if (character === ',') {
      characters.push(' ');
    } else {
      characters.push(character);
    }
  }
  return characters.join('').split(' ').filter((word) => word !== '');
}

module.exports = { wordsString };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { wordsString } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(wordsString('Hi, my name is John'), ['Hi', 'my', 'name', 'is', 'John']);
});

test('example 2', () => {
  assert.deepStrictEqual(wordsString('One, two, three, four, five, six'), ['One', 'two', 'three', 'four', 'five', 'six']);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(wordsString('Hi, my name is John'), ['Hi', 'my', 'name', 'is', 'John']);
  assert.deepStrictEqual(wordsString('One, two, three, four, five, six'), ['One', 'two', 'three', 'four', 'five', 'six']);
  assert.deepStrictEqual(wordsString('Hi, my name'), ['Hi', 'my', 'name']);
  assert.deepStrictEqual(wordsString('One,, two, three, four, five, six,'), ['One', 'two', 'three', 'four', 'five', 'six']);
  assert.deepStrictEqual(wordsString(''), []);
  assert.deepStrictEqual(wordsString('ahmed     , gamal'), ['ahmed', 'gamal']);
  console.log('official: ok');
}
