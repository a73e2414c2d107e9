'use strict';

/** Lists the primes below n. */
function countUpTo(n) {
  const primes = [];
  for (let i = 2; i < n; i++) {
    let prime = true;
    for (let j = 2; j < i; j++) {
      if (i % j === 0) {
        prime = false;
        break;
      }
    }
    if (prime) {
      primes.push(i);
    }
  }
  return primes;
}

module.exports = { countUpTo };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { countUpTo } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(countUpTo(5), [2, 3]);
});

test('example 2', () => {
  assert.deepStrictEqual(countUpTo(11), [2, 3, 5, 7]);
});

test('example 3', () => {
  assert.deepStrictEqual(countUpTo(0), []);
});

test('example 4', () => {
  assert.deepStrictEqual(countUpTo(20), [2, 3, 5, 7, 11, 13, 17, 19]);
});

test('example 5', () => {
  assert.deepStrictEqual(countUpTo(1), []);
});

test('example 6', () => {
  assert.deepStrictEqual(countUpTo(18), [2, 3, 5, 7, 11, 13, 17]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(countUpTo(5), [2, 3]);
  assert.deepStrictEqual(countUpTo(6), [2, 3, 5]);
  assert.deepStrictEqual(countUpTo(7), [2, 3, 5]);
  assert.deepStrictEqual(countUpTo(10), [2, 3, 5, 7]);
  assert.deepStrictEqual(countUpTo(0), []);
  assert.deepStrictEqual(countUpTo(22), [2, 3, 5, 7, 11, 13, 17, 19]);
  assert.deepStrictEqual(countUpTo(1), []);
  assert.deepStrictEqual(countUpTo(18), [2, 3, 5, 7, 11, 13, 17]);
  assert.deepStrictEqual(countUpTo(47), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43]);
  assert.deepStrictEqual(countUpTo(101), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97]);
  console.log('official: ok');
}
