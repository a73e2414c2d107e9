'use strict';

/** Gives x when n is a prime number and y otherwise. */
function xOrY(n, x, y) {
  if (n === 1) {
    return y;
  }
  for (let i = 2; i < n; i++) {
    if (n % i === 0) {
      return y;
    }
  }
  return x;
}

module.exports = { xOrY };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { xOrY } = require('./solution');

test('example 1', () => {
  assert.strictEqual(xOrY(7, 34, 12), 34);
});

test('example 2', () => {
  assert.strictEqual(xOrY(15, 8, 5), 5);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(xOrY(7, 34, 12), 34);
  assert.strictEqual(xOrY(15, 8, 5), 5);
  assert.strictEqual(xOrY(3, 33, 5212), 33);
  assert.strictEqual(xOrY(1259, 3, 52), 3);
  assert.strictEqual(xOrY(7919, -1, 12), -1);
  assert.strictEqual(xOrY(3609, 1245, 583), 583);
  assert.strictEqual(xOrY(91, 56, 129), 129);
  assert.strictEqual(xOrY(6, 34, 1234), 1234);
  assert.strictEqual(xOrY(1, 2, 0), 0);
  assert.strictEqual(xOrY(2, 2, 0), 2);
  console.log('official: ok');
}
