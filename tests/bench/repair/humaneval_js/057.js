'use strict';

/** Tells whether the numbers only rise or only fall. */
function monotonic(numbers) {
  let rising = true;
  let falling = true;
  for (let i = 1; i < numbers.length; i++) {
    if (numbers[i] < numbers[i - 1]) {
      rising = false;
    }
    if (numbers[i] > numbers[i - 1]) {
      falling = false;
    }
  }
  return rising || falling;
}

module.exports = { monotonic };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { monotonic } = require('./solution');

test('example 1', () => {
  assert.strictEqual(monotonic([1, 2, 4, 20]), true);
});

test('example 2', () => {
  assert.strictEqual(monotonic([1, 20, 4, 10]), false);
});

test('example 3', () => {
  assert.strictEqual(monotonic([4, 1, 0, -10]), true);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(monotonic([1, 2, 4, 10]), true);
  assert.strictEqual(monotonic([1, 2, 4, 20]), true);
  assert.strictEqual(monotonic([1, 20, 4, 10]), false);
  assert.strictEqual(monotonic([4, 1, 0, -10]), true);
  assert.strictEqual(monotonic([4, 1, 1, 0]), true);
  assert.strictEqual(monotonic([1, 2, 3, 2, 5, 60]), false);
  assert.strictEqual(monotonic([1, 2, 3, 4, 5, 60]), true);
  assert.strictEqual(monotonic([9, 9, 9, 9]), true);
  console.log('official: ok');
}
