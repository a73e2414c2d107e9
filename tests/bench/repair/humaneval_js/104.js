'use strict';

/** Keeps the numbers without any even digit, sorted. */
function uniqueDigits(numbers) {
  const odd = [];
  for (const number of numbers) {
    if ([...String(number)].every((digit) => Number(digit) % 2 === 1)) {
      odd.push(number);
    }
  }
  return odd.sort((a, b) => a - b);
}

module.exports = { uniqueDigits };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { uniqueDigits } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(uniqueDigits([15, 33, 1422, 1]), [1, 15, 33]);
});

test('example 2', () => {
  assert.deepStrictEqual(uniqueDigits([152, 323, 1422, 10]), []);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(uniqueDigits([15, 33, 1422, 1]), [1, 15, 33]);
  assert.deepStrictEqual(uniqueDigits([152, 323, 1422, 10]), []);
  assert.deepStrictEqual(uniqueDigits([12345, 2033, 111, 151]), [111, 151]);
  assert.deepStrictEqual(uniqueDigits([135, 103, 31]), [31, 135]);
  console.log('official: ok');
}
