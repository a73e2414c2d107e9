'use strict';

/** Tells whether shifting the array to the right in a circle can sort it. */
function moveOneBall(array) {
  if (array.length === 0) {
    return true;
  }
  const sorted = [...array].sort((a, b) => a - b);
  const start = array.indexOf(Math.min(...array));
  const shifted = array.slice(start).concat(array.slice(0, start));
  for (let i = 0; i < array.length; i++) {
    if (shifted[i] !== sorted[i]) {
      return false;
    }
  }
  return true;
}

module.exports = { moveOneBall };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { moveOneBall } = require('./solution');

test('example 1', () => {
  assert.strictEqual(moveOneBall([3, 4, 5, 1, 2]), true);
});

test('example 2', () => {
  assert.strictEqual(moveOneBall([3, 5, 4, 1, 2]), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(moveOneBall([3, 4, 5, 1, 2]), true);
  assert.strictEqual(moveOneBall([3, 5, 10, 1, 2]), true);
  assert.strictEqual(moveOneBall([4, 3, 1, 2]), false);
  assert.strictEqual(moveOneBall([3, 5, 4, 1, 2]), false);
  assert.strictEqual(moveOneBall([]), true);
  console.log('official: ok');
}
