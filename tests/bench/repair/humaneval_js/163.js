'use strict';

/** Lists the even digits between a and b. */
function generateIntegers(a, b) {
  const lower = Math.max(2, Math.min(a, b));
  const upper = Math.min(8, Math.max(a, b));
  const result = [];
  for (let i = lower; i <= upper; i++) {
    if (i % 2 === 0) {
      result.push(i);
    }
  }
  return result;
}

module.exports = { generateIntegers };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { generateIntegers } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(generateIntegers(2, 8), [2, 4, 6, 8]);
});

test('example 2', () => {
  assert.deepStrictEqual(generateIntegers(8, 2), [2, 4, 6, 8]);
});

test('example 3', () => {
  assert.deepStrictEqual(generateIntegers(10, 14), []);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(generateIntegers(2, 10), [2, 4, 6, 8]);
  assert.deepStrictEqual(generateIntegers(10, 2), [2, 4, 6, 8]);
  assert.deepStrictEqual(generateIntegers(132, 2), [2, 4, 6, 8]);
  assert.deepStrictEqual(generateIntegers(17, 89), []);
  console.log('official: ok');
}
