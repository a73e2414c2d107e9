'use strict';

/** Counts the digit 7 in the integers below n that 11 or 13 divides. */
function fizzBuzz(n) {
  let count = 0;
  for (let i = 0; i < n; i++) {
    if (i % 11 === 0 || i % 13 === 0) {
      for (const digit of String(i)) {
        if (digit === '7') {
          count += 1;
        }
      }
    }
  }
  return count;
}

module.exports = { fizzBuzz };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { fizzBuzz } = require('./solution');

test('example 1', () => {
  assert.strictEqual(fizzBuzz(50), 0);
});

test('example 2', () => {
  assert.strictEqual(fizzBuzz(78), 2);
});

test('example 3', () => {
  assert.strictEqual(fizzBuzz(79), 3);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(fizzBuzz(50), 0);
  assert.strictEqual(fizzBuzz(78), 2);
  assert.strictEqual(fizzBuzz(79), 3);
  assert.strictEqual(fizzBuzz(100), 3);
  assert.strictEqual(fizzBuzz(200), 6);
  assert.strictEqual(fizzBuzz(4000), 192);
  assert.strictEqual(fizzBuzz(10000), 639);
  assert.strictEqual(fizzBuzz(100000), 8026);
  console.log('official: ok');
}
