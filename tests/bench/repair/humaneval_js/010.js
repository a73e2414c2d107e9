'use strict';

function isPalindrome(text) {
  return text === [...text].reverse().join('');
}

/** Finds the shortest palindrome that begins with the given text. */
function makePalindrome(text) {
  if (!text) {
    return '';
  }
  let start = 0;
  while (!isPalindrome(text.slice(start))) {
    start += 1;
  }
  return text + [...text.slice(0, start)].reverse().join('');
}

module.exports = { makePalindrome };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { makePalindrome } = require('./solution');

test('example 1', () => {
  assert.strictEqual(makePalindrome(''), '');
});

test('example 2', () => {
  assert.strictEqual(makePalindrome('cat'), 'catac');
});

test('example 3', () => {
  assert.strictEqual(makePalindrome('cata'), 'catac');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(makePalindrome(''), '');
  assert.strictEqual(makePalindrome('x'), 'x');
  assert.strictEqual(makePalindrome('xyz'), 'xyzyx');
  assert.strictEqual(makePalindrome('xyx'), 'xyx');
  assert.strictEqual(makePalindrome('jerry'), 'jerryrrej');
  console.log('official: ok');
}
