'use strict';

/** Gives for every game how far the guess was off. */
function compare(game, guess) {
  return game.map((score, index) => Math.abs(score - guess[index]));
}

module.exports = { compare };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { compare } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(compare([1, 2, 3, 4, 5, 1], [1, 2, 3, 4, 2, -2]), [0, 0, 0, 0, 3, 3]);
});

test('example 2', () => {
  assert.deepStrictEqual(compare([0, 5, 0, 0, 0, 4], [4, 1, 1, 0, 0, -2]), [4, 4, 1, 0, 0, 6]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(compare([1, 2, 3, 4, 5, 1], [1, 2, 3, 4, 2, -2]), [0, 0, 0, 0, 3, 3]);
  assert.deepStrictEqual(compare([0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]), [0, 0, 0, 0, 0, 0]);
  assert.deepStrictEqual(compare([1, 2, 3], [-1, -2, -3]), [2, 4, 6]);
  assert.deepStrictEqual(compare([1, 2, 3, 5], [-1, 2, 3, 4]), [2, 0, 0, 1]);
  console.log('official: ok');
}
