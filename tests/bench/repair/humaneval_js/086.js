'use strict';

/** Sorts the characters within each word and keeps the words and blanks in their order. */
function antiShuffle(text) {
  return text
    .split(' ')
    .map((word) => [...word].sort().join(''))
    .join(' ');
}

module.exports = { antiShuffle };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { antiShuffle } = require('./solution');

test('example 1', () => {
  assert.strictEqual(antiShuffle('Hi'), 'Hi');
});

test('example 2', () => {
  assert.strictEqual(antiShuffle('hello'), 'ehllo');
});

test('example 3', () => {
  assert.strictEqual(antiShuffle('Hello World!!!'), 'Hello !!!Wdlor');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(antiShuffle('Hi'), 'Hi');
  assert.strictEqual(antiShuffle('hello'), 'ehllo');
  assert.strictEqual(antiShuffle('number'), 'bemnru');
  assert.strictEqual(antiShuffle('abcd'), 'abcd');
  assert.strictEqual(antiShuffle('Hello World!!!'), 'Hello !!!Wdlor');
  assert.strictEqual(antiShuffle(''), '');
  assert.strictEqual(antiShuffle('Hi. My name is Mister Robot. How are you?'), '.Hi My aemn is Meirst .Rboot How aer ?ouy');
  console.log('official: ok');
}
