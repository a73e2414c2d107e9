'use strict';

/** Counts the numbers above 10 whose first and last digits are odd. */
function specialFilter(numbers) {
  let count = 0;
  for (const number of numbers) {
    if (number > 10) {
      const digits = String(number);
      const first = Number(digits[0]);
      const last = Number(digits[digits.length - 1]);
      if (first % 2 === 1 && last % 2 === 1) {
        count += 1;
      }
    }
  }
  return count;
}

module.exports = { specialFilter };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { specialFilter } = require('./solution');

test('example 1', () => {
  assert.strictEqual(specialFilter([15, -73, 14, -15]), 1);
});

test('example 2', () => {
  assert.strictEqual(specialFilter([33, -2, -3, 45, 21, 109]), 2);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(specialFilter([5, -2, 1, -5]), 0);
  assert.strictEqual(specialFilter([15, -73, 14, -15]), 1);
  assert.strictEqual(specialFilter([33, -2, -3, 45, 21, 109]), 2);
  assert.strictEqual(specialFilter([43, -12, 93, 125, 121, 109]), 4);
  assert.strictEqual(specialFilter([71, -2, -33, 75, 21, 19]), 3);
  assert.strictEqual(specialFilter([1]), 0);
  assert.strictEqual(specialFilter([]), 0);
  console.log('official: ok');
}
