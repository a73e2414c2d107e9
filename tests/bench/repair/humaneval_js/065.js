'use strict';

/** Shifts the digits of x to the right in a circle; reverses them when the shift exceeds their number. */
function circularShift(x, shift) {
  const digits = String(x);
  if (shift > digits.length) {
    return [...digits].reverse().join('');
  }
  return digits.slice(digits.length - shift) + digits.slice(0, digits.length - shift);
}

module.exports = { circularShift };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { circularShift } = require('./solution');

test('example 1', () => {
  assert.strictEqual(circularShift(12, 1), '21');
});

test('example 2', () => {
  assert.strictEqual(circularShift(12, 2), '12');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(circularShift(100, 2), '001');
  assert.strictEqual(circularShift(12, 2), '12');
  assert.strictEqual(circularShift(97, 8), '79');
  assert.strictEqual(circularShift(12, 1), '21');
  assert.strictEqual(circularShift(11, 101), '11');
  console.log('official: ok');
}
