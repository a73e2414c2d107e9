'use strict';

/** Tells whether any two of the numbers are closer to each other than the threshold. */
function hasCloseElements(numbers, threshold) {
  for (let i = 0; i < numbers.length; i++) {
    for (let j = 0; j < numbers.length; j++) {
      if (i !== j) {
        const distance = Math.abs(numbers[i] - numbers[j]);
        if (distance < threshold) {
          return true;
        }
      }
    }
  }
  return false;
}

module.exports = { hasCloseElements };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { hasCloseElements } = require('./solution');

test('example 1', () => {
  assert.strictEqual(hasCloseElements([1, 2, 3], 0.5), false);
});

test('example 2', () => {
  assert.strictEqual(hasCloseElements([1, 2.8, 3, 4, 5, 2], 0.3), true);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(hasCloseElements([1, 2, 3.9, 4, 5, 2.2], 0.3), true);
  assert.strictEqual(hasCloseElements([1, 2, 3.9, 4, 5, 2.2], 0.05), false);
  assert.strictEqual(hasCloseElements([1, 2, 5.9, 4, 5], 0.95), true);
  assert.strictEqual(hasCloseElements([1, 2, 5.9, 4, 5], 0.8), false);
  assert.strictEqual(hasCloseElements([1, 2, 3, 4, 5, 2], 0.1), true);
  assert.strictEqual(hasCloseElements([1.1, 2.2, 3.1, 4.1, 5.1], 1), true);
  assert.strictEqual(hasCloseElements([1.1, 2.2, 3.1, 4.1, 5.1], 0.5), false);
  console.log('official: ok');
}
