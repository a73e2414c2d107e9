'use strict';

/** Gives the list with fewer characters in all, the first of two equal ones. */
function totalMatch(first, second) {
  let firstTotal = 0;
  for (const text of first) {
    firstTotal += text.length;
  }
  let secondTotal = 0;
  for (const text of second) {
    secondTotal += text.length;
  }
  if (firstTotal <= secondTotal) {
    return first;
  }
  return second;
}

module.exports = { totalMatch };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { totalMatch } = require('./solution');

test('example 1', () => {
  assert.deepStrictEqual(totalMatch([], []), []);
});

test('example 2', () => {
  assert.deepStrictEqual(totalMatch(['hi', 'admin'], ['hI', 'Hi']), ['hI', 'Hi']);
});

test('example 3', () => {
  assert.deepStrictEqual(totalMatch(['hi', 'admin'], ['hi', 'hi', 'admin', 'project']), ['hi', 'admin']);
});

test('example 4', () => {
  assert.deepStrictEqual(totalMatch(['hi', 'admin'], ['hI', 'hi', 'hi']), ['hI', 'hi', 'hi']);
});

test('example 5', () => {
  assert.deepStrictEqual(totalMatch(['4'], ['1', '2', '3', '4', '5']), ['4']);
});
// --- official
{
  const assert = require('node:assert');
  assert.deepStrictEqual(totalMatch([], []), []);
  assert.deepStrictEqual(totalMatch(['hi', 'admin'], ['hi', 'hi']), ['hi', 'hi']);
  assert.deepStrictEqual(totalMatch(['hi', 'admin'], ['hi', 'hi', 'admin', 'project']), ['hi', 'admin']);
  assert.deepStrictEqual(totalMatch(['4'], ['1', '2', '3', '4', '5']), ['4']);
  assert.deepStrictEqual(totalMatch(['hi', 'admin'], ['hI', 'Hi']), ['hI', 'Hi']);
  assert.deepStrictEqual(totalMatch(['hi', 'admin'], ['hI', 'hi', 'hi']), ['hI', 'hi', 'hi']);
  assert.deepStrictEqual(totalMatch(['hi', 'admin'], ['hI', 'hi', 'hii']), ['hi', 'admin']);
  assert.deepStrictEqual(totalMatch([], ['this']), []);
  assert.deepStrictEqual(totalMatch(['this'], []), []);
  console.log('official: ok');
}
