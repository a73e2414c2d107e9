'use strict';

/** Counts the hexadecimal digits that are prime. */
function hexKey(number) {
  const primes = ['2', '3', '5', '7', 'B', 'D'];
  let total = 0;
  for (let i = 0; i < number.length; i++) {
    if (primes.includes(number[i])) {
      total += 1;
    }
  }
  return total;
}

module.exports = { hexKey };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { hexKey } = require('./solution');

test('example 1', () => {
  assert.strictEqual(hexKey('AB'), 1);
});

test('example 2', () => {
  assert.strictEqual(hexKey('1077E'), 2);
});

test('example 3', () => {
  assert.strictEqual(hexKey('ABED1A33'), 4);
});

test('example 4', () => {
  assert.strictEqual(hexKey('123456789ABCDEF0'), 6);
});

test('example 5', () => {
  assert.strictEqual(hexKey('2020'), 2);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(hexKey('AB'), 1);
  assert.strictEqual(hexKey('1077E'), 2);
  assert.strictEqual(hexKey('ABED1A33'), 4);
  assert.strictEqual(hexKey('2020'), 2);
  assert.strictEqual(hexKey('123456789ABCDEF0'), 6);
  assert.strictEqual(hexKey('112233445566778899AABBCCDDEEFF00'), 12);
  assert.strictEqual(hexKey([]), 0);
  console.log('official: ok');
}
