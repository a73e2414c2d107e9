'use strict';

/** Tells whether the length of the text is a prime number. */
function primeLength(text) {
  const length = text.length;
  if (length === 0 || length === 1) {
    return false;
  }
  for (let i = 2; i < length; i++) {
    if (length % i === 0) {
      return false;
    }
  }
  return true;
}

module.exports = { primeLength };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { primeLength } = require('./solution');

test('example 1', () => {
  assert.strictEqual(primeLength('Hello'), true);
});

test('example 2', () => {
  assert.strictEqual(primeLength('abcdcba'), true);
});

test('example 3', () => {
  assert.strictEqual(primeLength('kittens'), true);
});

test('example 4', () => {
  assert.strictEqual(primeLength('orange'), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(primeLength('Hello'), true);
  assert.strictEqual(primeLength('abcdcba'), true);
  assert.strictEqual(primeLength('kittens'), true);
  assert.strictEqual(primeLength('orange'), false);
  assert.strictEqual(primeLength('wow'), true);
  assert.strictEqual(primeLength('world'), true);
  assert.strictEqual(primeLength('MadaM'), true);
  assert.strictEqual(primeLength('Wow'), true);
  assert.strictEqual(primeLength(''), false);
  assert.strictEqual(primeLength('HI'), true);
  assert.strictEqual(primeLength('go'), true);
  assert.strictEqual(primeLength('gogo'), false);
  assert.strictEqual(primeLength('aaaaaaaaaaaaaaa'), false);
  assert.strictEqual(primeLength('Madam'), true);
  assert.strictEqual(primeLength('M'), false);
  assert.strictEqual(primeLength('0'), false);
  console.log('official: ok');
}
