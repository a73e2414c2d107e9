'use strict';

/** Counts how often the substring stands in the text, overlaps included. */
function howManyTimes(text, substring) {
  let times = 0;
  for (let i = 0; i < text.length - substring.length + 1; i++) {
    if (text.slice(i, i + substring.length) === substring) {
      times += 1;
    }
  }
  return times;
}

module.exports = { howManyTimes };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { howManyTimes } = require('./solution');

test('example 1', () => {
  assert.strictEqual(howManyTimes('', 'a'), 0);
});

test('example 2', () => {
  assert.strictEqual(howManyTimes('aaa', 'a'), 3);
});

test('example 3', () => {
  assert.strictEqual(howManyTimes('aaaa', 'aa'), 3);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(howManyTimes('', 'x'), 0);
  assert.strictEqual(howManyTimes('xyxyxyx', 'x'), 4);
  assert.strictEqual(howManyTimes('cacacacac', 'cac'), 4);
  assert.strictEqual(howManyTimes('john doe', 'john'), 1);
  console.log('official: ok');
}
