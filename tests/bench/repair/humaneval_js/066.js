'use strict';

/** Sums the codes of the upper-case letters. */
function digitSum(text) {
  let sum = 0;
  for (const character of text) {
    if (character >= 'A' && character <= 'Z') {
      sum += character.charCodeAt(0);
    }
  }
  return sum;
}

module.exports = { digitSum };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { digitSum } = require('./solution');

test('example 1', () => {
  assert.strictEqual(digitSum(''), 0);
});

test('example 2', () => {
  assert.strictEqual(digitSum('abAB'), 131);
});

test('example 3', () => {
  assert.strictEqual(digitSum('abcCd'), 67);
});

test('example 4', () => {
  assert.strictEqual(digitSum('helloE'), 69);
});

test('example 5', () => {
  assert.strictEqual(digitSum('woArBld'), 131);
});

test('example 6', () => {
  assert.strictEqual(digitSum('aAaaaXa'), 153);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(digitSum(''), 0);
  assert.strictEqual(digitSum('abAB'), 131);
  assert.strictEqual(digitSum('abcCd'), 67);
  assert.strictEqual(digitSum('helloE'), 69);
  assert.strictEqual(digitSum('woArBld'), 131);
  assert.strictEqual(digitSum('aAaaaXa'), 153);
  assert.strictEqual(digitSum(' How are yOu?'), 151);
  assert.strictEqual(digitSum('You arE Very Smart'), 327);
  console.log('official: ok');
}
