'use strict';

function isPrime(n) {
  for (let i = 2; i <= Math.sqrt(n); i++) {
    if (n % i === 0) {
      return false;
    }
  }
  return true;
}

/** Sums the digits of the largest prime in the list. */
function skjkasdkd(list) {
  let largest = 0;
  for (let i = 0; i < list.length; i++) {
    if (list[i] > largest && isPrime(list[i])) {
      largest = list[i];
    }
  }
  let sum = 0;
  for (const digit of String(largest)) {
    sum += Number(digit);
  }
  return sum;
}

module.exports = { skjkasdkd };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { skjkasdkd } = require('./solution');

test('example 1', () => {
  assert.strictEqual(skjkasdkd([0, 3, 2, 1, 3, 5, 7, 4, 5, 5, 5, 2, 181, 32, 4, 32, 3, 2, 32, 324, 4, 3]), 10);
});

test('example 2', () => {
  assert.strictEqual(skjkasdkd([1, 0, 1, 8, 2, 4597, 2, 1, 3, 40, 1, 2, 1, 2, 4, 2, 5, 1]), 25);
});

test('example 3', () => {
  assert.strictEqual(skjkasdkd([1, 3, 1, 32, 5107, 34, 83278, 109, 163, 23, 2323, 32, 30, 1, 9, 3]), 13);
});

test('example 4', () => {
  assert.strictEqual(skjkasdkd([0, 724, 32, 71, 99, 32, 6, 0, 5, 91, 83, 0, 5, 6]), 11);
});

test('example 5', () => {
  assert.strictEqual(skjkasdkd([0, 81, 12, 3, 1, 21]), 3);
});

test('example 6', () => {
  assert.strictEqual(skjkasdkd([0, 8, 1, 2, 1, 7]), 7);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(skjkasdkd([0, 3, 2, 1, 3, 5, 7, 4, 5, 5, 5, 2, 181, 32, 4, 32, 3, 2, 32, 324, 4, 3]), 10);
  assert.strictEqual(skjkasdkd([1, 0, 1, 8, 2, 4597, 2, 1, 3, 40, 1, 2, 1, 2, 4, 2, 5, 1]), 25);
  assert.strictEqual(skjkasdkd([1, 3, 1, 32, 5107, 34, 83278, 109, 163, 23, 2323, 32, 30, 1, 9, 3]), 13);
  assert.strictEqual(skjkasdkd([0, 724, 32, 71, 99, 32, 6, 0, 5, 91, 83, 0, 5, 6]), 11);
  assert.strictEqual(skjkasdkd([0, 81, 12, 3, 1, 21]), 3);
  assert.strictEqual(skjkasdkd([0, 8, 1, 2, 1, 7]), 7);
  assert.strictEqual(skjkasdkd([8191]), 19);
  assert.strictEqual(skjkasdkd([8191, 123456, 127, 7]), 19);
  assert.strictEqual(skjkasdkd([127, 97, 8192]), 10);
  console.log('official: ok');
}
