'use strict';

/** Tells whether a rotation of the second word is part of the first. */
function cycpatternCheck(a, b) {
  const length = b.length;
  const pattern = b + b;
  for (let i = 0; i < a.length - length + 1; i++) {
    for (let j = 0; j < length + 1; j++) {
      if (a.slice(i, i + length) === pattern.slice(j, j + length)) {
        return true;
      }
    }
  }
  return false;
}

module.exports = { cycpatternCheck };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { cycpatternCheck } = require('./solution');

test('example 1', () => {
  assert.strictEqual(cycpatternCheck('abcd', 'abd'), false);
});

test('example 2', () => {
  assert.strictEqual(cycpatternCheck('hello', 'ell'), true);
});

test('example 3', () => {
  assert.strictEqual(cycpatternCheck('whassup', 'psus'), false);
});

test('example 4', () => {
  assert.strictEqual(cycpatternCheck('abab', 'baa'), true);
});

test('example 5', () => {
  assert.strictEqual(cycpatternCheck('efef', 'eeff'), false);
});

test('example 6', () => {
  assert.strictEqual(cycpatternCheck('himenss', 'simen'), true);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(cycpatternCheck('xyzw', 'xyw'), false);
  assert.strictEqual(cycpatternCheck('yello', 'ell'), true);
  assert.strictEqual(cycpatternCheck('whattup', 'ptut'), false);
  assert.strictEqual(cycpatternCheck('efef', 'fee'), true);
  assert.strictEqual(cycpatternCheck('abab', 'aabb'), false);
  assert.strictEqual(cycpatternCheck('winemtt', 'tinem'), true);
  console.log('official: ok');
}
