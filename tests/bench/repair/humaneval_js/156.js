'use strict';

/** Writes the number as a lower-case Roman numeral. */
function intToMiniRoman(number) {
  const values = [1, 4, 5, 9, 10, 40, 50, 90, 100, 400, 500, 900, 1000];
  const symbols = ['I', 'IV', 'V', 'IX', 'X', 'XL', 'L', 'XC', 'C', 'CD', 'D', 'CM', 'M'];
  let i = 12;
  let result = '';
  while (number > 0) {
    let count = Math.floor(number / values[i]);
    number %= values[i];
    while (count > 0) {
      result += symbols[i];
      count -= 1;
    }
    i -= 1;
  }
  return result.toLowerCase();
}

module.exports = { intToMiniRoman };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { intToMiniRoman } = require('./solution');

test('example 1', () => {
  assert.strictEqual(intToMiniRoman(19), 'xix');
});

test('example 2', () => {
  assert.strictEqual(intToMiniRoman(152), 'clii');
});

test('example 3', () => {
  assert.strictEqual(intToMiniRoman(426), 'cdxxvi');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(intToMiniRoman(19), 'xix');
  assert.strictEqual(intToMiniRoman(152), 'clii');
  assert.strictEqual(intToMiniRoman(251), 'ccli');
  assert.strictEqual(intToMiniRoman(426), 'cdxxvi');
  assert.strictEqual(intToMiniRoman(500), 'd');
  assert.strictEqual(intToMiniRoman(1), 'i');
  assert.strictEqual(intToMiniRoman(4), 'iv');
  assert.strictEqual(intToMiniRoman(43), 'xliii');
  assert.strictEqual(intToMiniRoman(90), 'xc');
  assert.strictEqual(intToMiniRoman(94), 'xciv');
  assert.strictEqual(intToMiniRoman(532), 'dxxxii');
  assert.strictEqual(intToMiniRoman(900), 'cm');
  assert.strictEqual(intToMiniRoman(994), 'cmxciv');
  assert.strictEqual(intToMiniRoman(1000), 'm');
  console.log('official: ok');
}
