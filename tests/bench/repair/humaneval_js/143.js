'use strict';

function isPrime(n) {
  if (n < 2) {
    return false;
  }
  for (let i = 2; i < n; i++) {
    if (n % i === 0) {
      return false;
    }
  }
  return true;
}

/** Keeps the words whose length is a prime number. */
function wordsInSentence(sentence) {
  const kept = [];
  for (const word of sentence.split(' ')) {
    if (isPrime(word.length)) {
      kept.push(word);
    }
  }
  return kept.join(' ');
}

module.exports = { wordsInSentence };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { wordsInSentence } = require('./solution');

test('example 1', () => {
  assert.strictEqual(wordsInSentence('This is a test'), 'is');
});

test('example 2', () => {
  assert.strictEqual(wordsInSentence('lets go for swimming'), 'go for');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(wordsInSentence('This is a test'), 'is');
  assert.strictEqual(wordsInSentence('lets go for swimming'), 'go for');
  assert.strictEqual(wordsInSentence('there is no place available here'), 'there is no place');
  assert.strictEqual(wordsInSentence('Hi I am Hussein'), 'Hi am Hussein');
  assert.strictEqual(wordsInSentence('go for it'), 'go for it');
  assert.strictEqual(wordsInSentence('here'), '');
  assert.strictEqual(wordsInSentence('here is'), 'is');
  console.log('official: ok');
}
