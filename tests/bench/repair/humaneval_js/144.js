'use strict';

/** Tells whether the product of two fractions is a whole number. */
function simplify(x, n) {
  const [a, b] = x.split('/');
  const [c, d] = n.split('/');
  const numerator = Number(a) * Number(c);
  const denominator = Number(b) * Number(d);
  return numerator % denominator === 0;
}

module.exports = { simplify };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { simplify } = require('./solution');

test('example 1', () => {
  assert.strictEqual(simplify('1/5', '5/1'), true);
});

test('example 2', () => {
  assert.strictEqual(simplify('1/6', '2/1'), false);
});

test('example 3', () => {
  assert.strictEqual(simplify('7/10', '10/2'), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(simplify('1/5', '5/1'), true);
  assert.strictEqual(simplify('1/6', '2/1'), false);
  assert.strictEqual(simplify('5/1', '3/1'), true);
  assert.strictEqual(simplify('7/10', '10/2'), false);
  assert.strictEqual(simplify('2/10', '50/10'), true);
  assert.strictEqual(simplify('7/2', '4/2'), true);
  assert.strictEqual(simplify('11/6', '6/1'), true);
  assert.strictEqual(simplify('2/3', '5/2'), false);
  assert.strictEqual(simplify('5/2', '3/5'), false);
  assert.strictEqual(simplify('2/4', '8/4'), true);
  assert.strictEqual(simplify('2/4', '4/2'), true);
  assert.strictEqual(simplify('1/5', '5/1'), true);
  assert.strictEqual(simplify('1/5', '1/5'), false);
  console.log('official: ok');
}
