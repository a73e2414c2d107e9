'use strict';

function isPalindrome(n) {
  return String(n) === [...String(n)].reverse().join('');
}

/** Counts the even and the odd integer palindromes from 1 to n. */
function evenOddPalindrome(n) {
  let even = 0;
  let odd = 0;
  for (let i = 1; i <= n; i++) {
    if (i % 2 === 1 && isPalindrome(i)) {
      odd += 1;
    } else if (i % 2 === 0 && isPalindrome(i)) {
      even += 1;
    }
  }
  return [even, odd];
}

module.exports = { evenOddPalindrome };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { evenOddPalindrome } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(evenOddPalindrome(3), [1, 2]);
});

test('example 2', () => {
  assert.deepStrictEqual(evenOddPalindrome(12), [4, 6]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(evenOddPalindrome(123), [8, 13]);
  assert.deepStrictEqual(evenOddPalindrome(12), [4, 6]);
  assert.deepStrictEqual(evenOddPalindrome(3), [1, 2]);
  assert.deepStrictEqual(evenOddPalindrome(63), [6, 8]);
  assert.deepStrictEqual(evenOddPalindrome(25), [5, 6]);
  assert.deepStrictEqual(evenOddPalindrome(19), [4, 6]);
  assert.deepStrictEqual(evenOddPalindrome(9), [4, 5]);
  assert.deepStrictEqual(evenOddPalindrome(1), [0, 1]);
  console.log('official: ok');
}
