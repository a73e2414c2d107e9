'use strict';

/** Sums the decimal digits and writes the sum in binary. */
function solve(number) {
  let sum = 0;
  for (const digit of String(number)) {
    sum += Number(digit);
  }
  return sum.toString(2);
}

module.exports = { solve };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { solve } = require('./solution');

test('example 1', () => {
  assert.strictEqual(solve(1000), '1');
});

test('example 2', () => {
  assert.strictEqual(solve(150), '110');
});

test('example 3', () => {
  assert.strictEqual(solve(147), '1100');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(solve(1000), '1');
  assert.strictEqual(solve(150), '110');
  assert.strictEqual(solve(147), '1100');
  assert.strictEqual(solve(333), '1001');
  assert.strictEqual(solve(963), '10010');
  console.log('official: ok');
}
