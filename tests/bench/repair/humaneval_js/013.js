'use strict';

/** Gives the greatest common divisor of two integers. */
function greatestCommonDivisor(a, b) {
  while (b !== 0) {
    [a, b] = [b, a % b];
  }
  return a;
}

module.exports = { greatestCommonDivisor };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { greatestCommonDivisor } = require('./solution');

test('example 1', () => {
  assert.strictEqual(greatestCommonDivisor(3, 5), 1);
});

test('example 2', () => {
  assert.strictEqual(greatestCommonDivisor(25, 15), 5);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(greatestCommonDivisor(3, 7), 1);
  assert.strictEqual(greatestCommonDivisor(10, 15), 5);
  assert.strictEqual(greatestCommonDivisor(49, 14), 7);
  assert.strictEqual(greatestCommonDivisor(144, 60), 12);
  console.log('official: ok');
}
