'use strict';

/** Counts the upper-case vowels at even indices. */
function countUpper(text) {
  let count = 0;
  for (let i = 0; i < text.length; i += 2) {
    if ('AEIOU'.includes(text[i])) {
      count += 1;
    }
  }
  return count;
}

module.exports = { countUpper };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { countUpper } = require('./solution');

test('example 1', () => {
  assert.strictEqual(countUpper('aBCdEf'), 1);
});

test('example 2', () => {
  assert.strictEqual(countUpper('abcdefg'), 0);
});

test('example 3', () => {
  assert.strictEqual(countUpper('dBBE'), 0);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(countUpper('aBCdEf'), 1);
  assert.strictEqual(countUpper('abcdefg'), 0);
  assert.strictEqual(countUpper('dBBE'), 0);
  assert.strictEqual(countUpper('B'), 0);
  assert.strictEqual(countUpper('U'), 1);
  assert.strictEqual(countUpper(''), 0);
  assert.strictEqual(countUpper('EEEE'), 2);
  console.log('official: ok');
}
