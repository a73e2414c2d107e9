'use strict';

/** Gives the carrots eaten after the meal and those left over. */
function eat(number, need, remaining) {
  if (need <= remaining) {
    return [number + need, remaining - need];
  }
  return [number + remaining, 0];
}

module.exports = { eat };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { eat } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(eat(5, 6, 10), [11, 4]);
});

test('example 2', () => {
  assert.deepStrictEqual(eat(4, 8, 9), [12, 1]);
});

test('example 3', () => {
  assert.deepStrictEqual(eat(1, 10, 10), [11, 0]);
});

test('example 4', () => {
  assert.deepStrictEqual(eat(2, 11, 5), [7, 0]);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(eat(5, 6, 10), [11, 4]);
  assert.deepStrictEqual(eat(4, 8, 9), [12, 1]);
  assert.deepStrictEqual(eat(1, 10, 10), [11, 0]);
  assert.deepStrictEqual(eat(2, 11, 5), [7, 0]);
  assert.deepStrictEqual(eat(4, 5, 7), [9, 2]);
  assert.deepStrictEqual(eat(4, 5, 1), [5, 0]);
  console.log('official: ok');
}
