'use strict';

/** Gives the number of mangoes: all fruits less the apples and oranges that the text counts. */
function fruitDistribution(text, total) {
  let others = 0;
  for (const word of text.split(' ')) {
    if (/^\d+$/.test(word)) {
      others += parseInt(word, 10);
    }
  }
  return total - others;
}

module.exports = { fruitDistribution };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { fruitDistribution } = require('./solution');

test('example 1', () => {
  assert.strictEqual(fruitDistribution('5 apples and 6 oranges', 19), 8);
});

test('example 2', () => {
  assert.strictEqual(fruitDistribution('0 apples and 1 oranges', 3), 2);
});

test('example 3', () => {
  assert.strictEqual(fruitDistribution('2 apples and 3 oranges', 100), 95);
});

test('example 4', () => {
  assert.strictEqual(fruitDistribution('100 apples and 1 oranges', 120), 19);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(fruitDistribution('5 apples and 6 oranges', 19), 8);
  assert.strictEqual(fruitDistribution('5 apples and 6 oranges', 21), 10);
  assert.strictEqual(fruitDistribution('0 apples and 1 oranges', 3), 2);
  assert.strictEqual(fruitDistribution('1 apples and 0 oranges', 3), 2);
  assert.strictEqual(fruitDistribution('2 apples and 3 oranges', 100), 95);
  assert.strictEqual(fruitDistribution('2 apples and 3 oranges', 5), 0);
  assert.strictEqual(fruitDistribution('1 apples and 100 oranges', 120), 19);
  console.log('official: ok');
}
