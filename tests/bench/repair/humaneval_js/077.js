'use strict';

/** Tells whether the integer is the cube of an integer. */
function iscube(a) {
  const size = Math.abs(a);
  return Math.round(Math.cbrt(size)) ** 3 === size;
}

module.exports = { iscube };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { iscube } = require('./solution');

test('example 1', () => {
  assert.strictEqual(iscube(1), true);
});

test('example 2', () => {
  assert.strictEqual(iscube(2), false);
});

test('example 3', () => {
  assert.strictEqual(iscube(-1), true);
});

test('example 4', () => {
  assert.strictEqual(iscube(64), true);
});

test('example 5', () => {
  assert.strictEqual(iscube(0), true);
});

test('example 6', () => {
  assert.strictEqual(iscube(180), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(iscube(1), true);
  assert.strictEqual(iscube(2), false);
  assert.strictEqual(iscube(-1), true);
  assert.strictEqual(iscube(64), true);
  assert.strictEqual(iscube(180), false);
  assert.strictEqual(iscube(1000), true);
  assert.strictEqual(iscube(0), true);
  assert.strictEqual(iscube(1729), false);
  console.log('official: ok');
}
