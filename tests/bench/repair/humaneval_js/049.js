'use strict';

/** Gives 2 to the n-th modulo p without large numbers. */
function modp(n, p) {
  let result = 1;
  for (let i = 0; i < n; i++) {
    result = (2 * result) % p;
  }
  return result;
}

module.exports = { modp };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { modp } = require('./solution');

test('example 1', () => {
  assert.strictEqual(modp(3, 5), 3);
});

test('example 2', () => {
  assert.strictEqual(modp(1101, 101), 2);
});

test('example 3', () => {
  assert.strictEqual(modp(0, 101), 1);
});

test('example 4', () => {
  assert.strictEqual(modp(3, 11), 8);
});

test('example 5', () => {
  assert.strictEqual(modp(100, 101), 1);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(modp(3, 5), 3);
  assert.strictEqual(modp(1101, 101), 2);
  assert.strictEqual(modp(0, 101), 1);
  assert.strictEqual(modp(3, 11), 8);
  assert.strictEqual(modp(100, 101), 1);
  assert.strictEqual(modp(30, 5), 4);
  assert.strictEqual(modp(31, 5), 3);
  console.log('official: ok');
}
