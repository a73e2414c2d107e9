'use strict';

/** Counts the even and the odd digits. */
function evenOddCount(number) {
  let even = 0;
  let odd = 0;
  for (const digit of String(Math.abs(number))) {
    if (Number(digit) % 2 === 0) {
      even += 1;
    } else {
      odd += 1;
    }
  }
  return [even, odd];
}

module.exports = { evenOddCount };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { evenOddCount } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(evenOddCount(-12), [1, 1]);
});

test('example 2', () => {
  assert.deepStrictEqual(evenOddCount(123), [1, 2]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(evenOddCount(7), [0, 1]);
  assert.deepStrictEqual(evenOddCount(-78), [1, 1]);
  assert.deepStrictEqual(evenOddCount(3452), [2, 2]);
  assert.deepStrictEqual(evenOddCount(346211), [3, 3]);
  assert.deepStrictEqual(evenOddCount(-345821), [3, 3]);
  assert.deepStrictEqual(evenOddCount(-2), [1, 0]);
  assert.deepStrictEqual(evenOddCount(-45347), [2, 3]);
  assert.deepStrictEqual(evenOddCount(0), [1, 0]);
  console.log('official: ok');
}
