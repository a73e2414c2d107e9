'use strict';

/** Gives the area of the triangle rounded to two decimals, or -1 where the sides make none. */
function triangleArea(a, b, c) {
  if (a + b <= c || a + c <= b || b + c <= a) {
    return -1;
  }
  const s = (a + b + c) / 2;
  const area = Math.sqrt(s * (s - a) * (s - b) * (s - c));
  return Math.round(area * 100) / 100;
}

module.exports = { triangleArea };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { triangleArea } = require('./solution');

test('example 1', () => {
  assert.strictEqual(triangleArea(3, 4, 5), 6);
});

test('example 2', () => {
  assert.strictEqual(triangleArea(1, 2, 10), -1);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(triangleArea(3, 4, 5), 6);
  assert.strictEqual(triangleArea(1, 2, 10), -1);
  assert.strictEqual(triangleArea(4, 8, 5), 8.18);
  assert.strictEqual(triangleArea(2, 2, 2), 1.73);
  assert.strictEqual(triangleArea(1, 2, 3), -1);
  assert.strictEqual(triangleArea(10, 5, 7), 16.25);
  assert.strictEqual(triangleArea(2, 6, 3), -1);
  assert.strictEqual(triangleArea(1, 1, 1), 0.43);
  assert.strictEqual(triangleArea(2, 2, 10), -1);
  console.log('official: ok');
}
