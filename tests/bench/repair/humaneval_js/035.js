'use strict';

/** Gives the greatest number of the list. */
function maxElement(numbers) {
  let greatest = numbers[0];
  for (const number of numbers) {
    if (number > greatest) {
      greatest = number;
    }
  }
  return greatest;
}

module.exports = { maxElement };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { maxElement } = require('./solution');

test('example 1', () => {
  assert.strictEqual(maxElement([1, 2, 3]), 3);
});

test('example 2', () => {
  assert.strictEqual(maxElement([5, 3, -5, 2, -3, 3, 9, 0, 123, 1, -10]), 123);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(maxElement([1, 2, 3]), 3);
  assert.strictEqual(maxElement([5, 3, -5, 2, -3, 3, 9, 0, 124, 1, -10]), 124);
  console.log('official: ok');
}
