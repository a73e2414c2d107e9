'use strict';

/** Tells whether the three sides make a right-angled triangle. */
function rightAngleTriangle(a, b, c) {
  return a * a === b * b + c * c || b * b === a * a + c * c || c * c === a * a + b * b;
}

module.exports = { rightAngleTriangle };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { rightAngleTriangle } = require('./solution');

test('example 1', () => {
  assert.strictEqual(rightAngleTriangle(3, 4, 5), true);
});

test('example 2', () => {
  assert.strictEqual(rightAngleTriangle(1, 2, 3), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(rightAngleTriangle(3, 4, 5), true);
  assert.strictEqual(rightAngleTriangle(1, 2, 3), false);
  assert.strictEqual(rightAngleTriangle(10, 6, 8), true);
  assert.strictEqual(rightAngleTriangle(2, 2, 2), false);
  assert.strictEqual(rightAngleTriangle(7, 24, 25), true);
  assert.strictEqual(rightAngleTriangle(10, 5, 7), false);
  assert.strictEqual(rightAngleTriangle(5, 12, 13), true);
  assert.strictEqual(rightAngleTriangle(15, 8, 17), true);
  assert.strictEqual(rightAngleTriangle(48, 55, 73), true);
  assert.strictEqual(rightAngleTriangle(1, 1, 1), false);
  assert.strictEqual(rightAngleTriangle(2, 2, 10), false);
  console.log('official: ok');
}
