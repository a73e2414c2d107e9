'use strict';

/** Gives the smallest even value and its first index, or nothing. */
function pluck(nodes) {
  let best = [];
  for (let i = 0; i < nodes.length; i++) {
    if (nodes[i] % 2 === 0 && (best.length === 0 || nodes[i] < best[0])) {
      best = [nodes[i], i];
    }
  }
  return best;
}

module.exports = { pluck };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { pluck } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(pluck([4, 2, 3]), [2, 1]);
});

test('example 2', () => {
  assert.deepStrictEqual(pluck([1, 2, 3]), [2, 1]);
});

test('example 3', () => {
  assert.deepStrictEqual(pluck([]), []);
});

test('example 4', () => {
  assert.deepStrictEqual(pluck([5, 0, 3, 0, 4, 2]), [0, 1]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(pluck([4, 2, 3]), [2, 1]);
  assert.deepStrictEqual(pluck([1, 2, 3]), [2, 1]);
  assert.deepStrictEqual(pluck([]), []);
  assert.deepStrictEqual(pluck([5, 0, 3, 0, 4, 2]), [0, 1]);
  assert.deepStrictEqual(pluck([1, 2, 3, 0, 5, 3]), [0, 3]);
  assert.deepStrictEqual(pluck([5, 4, 8, 4, 8]), [4, 1]);
  assert.deepStrictEqual(pluck([7, 6, 7, 1]), [6, 1]);
  assert.deepStrictEqual(pluck([7, 9, 7, 1]), []);
  console.log('official: ok');
}
