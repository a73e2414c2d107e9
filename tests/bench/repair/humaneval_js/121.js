'use strict';

/** Sums the odd elements at even positions. */
function solution(list) {
  let sum = 0;
  for (let i = 0; i < list.length; i++) {
    if (i % 2 === 0 && list[i] % 2 === 1) {
      sum += list[i];
    }
  }
  return sum;
}

module.exports = { solution };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { solution } = require('./solution');

test('example 1', () => {
  assert.strictEqual(solution([5, 8, 7, 1]), 12);
});

test('example 2', () => {
  assert.strictEqual(solution([3, 3, 3, 3, 3]), 9);
});

test('example 3', () => {
  assert.strictEqual(solution([30, 13, 24, 321]), 0);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(solution([5, 8, 7, 1]), 12);
  assert.strictEqual(solution([3, 3, 3, 3, 3]), 9);
  assert.strictEqual(solution([30, 13, 24, 321]), 0);
  assert.strictEqual(solution([5, 9]), 5);
  assert.strictEqual(solution([2, 4, 8]), 0);
  assert.strictEqual(solution([30, 13, 23, 32]), 23);
  assert.strictEqual(solution([3, 13, 2, 9]), 3);
  console.log('official: ok');
}
