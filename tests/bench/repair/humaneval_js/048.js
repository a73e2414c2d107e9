'use strict';

/** Tells whether the text reads the same backwards. */
function isPalindrome(text) {
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== text[text.length - 1 - i]) {
      return false;
    }
  }
  return true;
}

module.exports = { isPalindrome };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { isPalindrome } = require('./solution');

test('example 1', () => {
  assert.strictEqual(isPalindrome(''), true);
});

test('example 2', () => {
  assert.strictEqual(isPalindrome('aba'), true);
});

test('example 3', () => {
  assert.strictEqual(isPalindrome('aaaaa'), true);
});

test('example 4', () => {
  assert.strictEqual(isPalindrome('zbcd'), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(isPalindrome(''), true);
  assert.strictEqual(isPalindrome('aba'), true);
  assert.strictEqual(isPalindrome('aaaaa'), true);
  assert.strictEqual(isPalindrome('zbcd'), false);
  assert.strictEqual(isPalindrome('xywyx'), true);
  assert.strictEqual(isPalindrome('xywyz'), false);
  assert.strictEqual(isPalindrome('xywzx'), false);
  console.log('official: ok');
}
