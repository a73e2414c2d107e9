'use strict';

/** Gives the product of the odd digits, or 0 where all are even. */
function digits(n) {
  let product = 1;
  let odd = 0;
  for (const digit of String(n)) {
    const value = Number(digit);
    if (value % 2 === 1) {
      product *= value;
      odd += 1;
    }
  }
  if (odd === 0) {
    return 0;
  }
  return product;
}

module.exports = { digits };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { digits } = require('./solution');

test('example 1', () => {
  assert.strictEqual(digits(1), 1);
});

test('example 2', () => {
  assert.strictEqual(digits(4), 0);
});

test('example 3', () => {
  assert.strictEqual(digits(235), 15);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(digits(5), 5);
  assert.strictEqual(digits(54), 5);
  assert.strictEqual(digits(120), 1);
  assert.strictEqual(digits(5014), 5);
  assert.strictEqual(digits(98765), 315);
  assert.strictEqual(digits(5576543), 2625);
  assert.strictEqual(digits(2468), 0);
  console.log('official: ok');
}
