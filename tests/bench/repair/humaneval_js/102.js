'use strict';

/** Gives the greatest even integer between x and y inclusive, or -1. */
function chooseNum(x, y) {
  if (x > y) {
    return -1;
  }
  if (y % 2 === 0) {
    return y;
  }
  if (x === y) {
    return -1;
  }
  return y - 1;
}

module.exports = { chooseNum };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { chooseNum } = require('./solution');

test('example 1', () => {
  assert.strictEqual(chooseNum(12, 15), 14);
});

test('example 2', () => {
  assert.strictEqual(chooseNum(13, 12), -1);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(chooseNum(12, 15), 14);
  assert.strictEqual(chooseNum(13, 12), -1);
  assert.strictEqual(chooseNum(33, 12354), 12354);
  assert.strictEqual(chooseNum(5234, 5233), -1);
  assert.strictEqual(chooseNum(6, 29), 28);
  assert.strictEqual(chooseNum(27, 10), -1);
  assert.strictEqual(chooseNum(7, 7), -1);
  assert.strictEqual(chooseNum(546, 546), 546);
  console.log('official: ok');
}
