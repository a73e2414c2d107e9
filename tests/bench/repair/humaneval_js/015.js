'use strict';

/** Gives the numbers from 0 to n inclusive, separated by blanks. */
function stringSequence(n) {
  const parts = [];
  for (let i = 0; i <= n; i++) {
    parts.push(String(i));
  }
  return parts.join(' ');
}

module.exports = { stringSequence };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { stringSequence } = require('./solution');

test('example 1', () => {
  assert.strictEqual(stringSequence(0), '0');
});

test('example 2', () => {
  assert.strictEqual(stringSequence(5), '0 1 2 3 4 5');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(stringSequence(0), '0');
  assert.strictEqual(stringSequence(3), '0 1 2 3');
  assert.strictEqual(stringSequence(10), '0 1 2 3 4 5 6 7 8 9 10');
  console.log('official: ok');
}
