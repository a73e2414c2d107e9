'use strict';

/** Finds the two numbers that are closest to each other, the smaller one first. */
function findClosestElements(numbers) {
  let closest = null;
  let distance = null;
  for (let i = 0; i < numbers.length; i++) {
    for (let j = 0; j < numbers.length; j++) {
      if (i !== j) {
        const current = Math.abs(numbers[i] - numbers[j]);
        if (distance === null || current < distance) {
          distance = current;
          closest = [Math.min(numbers[i], numbers[j]), Math.max(numbers[i], numbers[j])];
        }
      }
    }
  }
  return closest;
}

module.exports = { findClosestElements };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { findClosestElements } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(findClosestElements([1, 2, 3, 4, 5, 2.2]), [2, 2.2]);
});

test('example 2', () => {
  assert.deepStrictEqual(findClosestElements([1, 2, 3, 4, 5, 2]), [2, 2]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(findClosestElements([1, 2, 3.9, 4, 5, 2.2]), [3.9, 4]);
  assert.deepStrictEqual(findClosestElements([1, 2, 5.9, 4, 5]), [5, 5.9]);
  assert.deepStrictEqual(findClosestElements([1, 2, 3, 4, 5, 2.2]), [2, 2.2]);
  assert.deepStrictEqual(findClosestElements([1, 2, 3, 4, 5, 2]), [2, 2]);
  assert.deepStrictEqual(findClosestElements([1.1, 2.2, 3.1, 4.1, 5.1]), [2.2, 3.1]);
  console.log('official: ok');
}
