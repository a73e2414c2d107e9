'use strict';

/** Lists the words that hold exactly n consonants. */
function selectWords(text, n) {
  const result = [];
  for (const word of text.split(' ')) {
    let consonants = 0;
    for (let i = 0; i < word.length; i++) {
      if (!'aeiou'.includes(word[i].toLowerCase())) {
        consonants += 1;
      }
    }
    if (word !== '' && consonants === n) {
      result.push(word);
    }
  }
  return result;
}

module.exports = { selectWords };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { selectWords } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(selectWords('Mary had a little lamb', 4), ['little']);
});

test('example 2', () => {
  assert.deepStrictEqual(selectWords('Mary had a little lamb', 3), ['Mary', 'lamb']);
});

test('example 3', () => {
  assert.deepStrictEqual(selectWords('simple white space', 2), []);
});

test('example 4', () => {
  assert.deepStrictEqual(selectWords('Hello world', 4), ['world']);
});

test('example 5', () => {
  assert.deepStrictEqual(selectWords('Uncle sam', 3), ['Uncle']);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(selectWords('Mary had a little lamb', 4), ['little']);
  assert.deepStrictEqual(selectWords('Mary had a little lamb', 3), ['Mary', 'lamb']);
  assert.deepStrictEqual(selectWords('simple white space', 2), []);
  assert.deepStrictEqual(selectWords('Hello world', 4), ['world']);
  assert.deepStrictEqual(selectWords('Uncle sam', 3), ['Uncle']);
  assert.deepStrictEqual(selectWords('', 4), []);
  assert.deepStrictEqual(selectWords('a b c d e f', 1), ['b', 'c', 'd', 'f']);
  console.log('official: ok');
}
