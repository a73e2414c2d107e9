'use strict';

/** Says "YES" when exchanging elements with the second list can make all of the first even. */
function exchange(first, second) {
  let odd = 0;
  let even = 0;
  for (const number of first) {
    if (number % 2 === 1) {
      odd += 1;
    }
  }
  for (const number of second) {
    if (number % 2 === 0) {
      even += 1;
    }
  }
  if (even >= odd) {
    return 'YES';
  }
  return 'NO';
}

module.exports = { exchange };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { exchange } = require('./solution');

test('example 1', () => {
  assert.strictEqual(exchange([1, 2, 3, 4], [1, 2, 3, 4]), 'YES');
});

test('example 2', () => {
  assert.strictEqual(exchange([1, 2, 3, 4], [1, 5, 3, 4]), 'NO');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(exchange([1, 2, 3, 4], [1, 2, 3, 4]), 'YES');
  assert.strictEqual(exchange([1, 2, 3, 4], [1, 5, 3, 4]), 'NO');
  assert.strictEqual(exchange([1, 2, 3, 4], [2, 1, 4, 3]), 'YES');
  assert.strictEqual(exchange([5, 7, 3], [2, 6, 4]), 'YES');
  assert.strictEqual(exchange([5, 7, 3], [2, 6, 3]), 'NO');
  assert.strictEqual(exchange([3, 2, 6, 1, 8, 9], [3, 5, 5, 1, 1, 1]), 'NO');
  assert.strictEqual(exchange([100, 200], [200, 200]), 'YES');
  console.log('official: ok');
}
