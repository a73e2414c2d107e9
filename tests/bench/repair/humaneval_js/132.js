'use strict';

/** Tells whether a valid run of brackets inside the text holds one that is nested. */
function isNested(text) {
  const opening = [];
  const closing = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '[') {
      opening.push(i);
    } else {
      closing.push(i);
    }
  }
  closing.reverse();
  let count = 0;
  let i = 0;
  for (const index of opening) {
    if (i < closing.length && index < closing[i]) {
      count += 1;
      i += 1;
    }
  }
  return count >= 2;
}

module.exports = { isNested };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { isNested } = require('./solution');

test('example 1', () => {
  assert.strictEqual(isNested('[[]]'), true);
});

test('example 2', () => {
  assert.strictEqual(isNested('[]]]]]]][[[[[]'), false);
});

test('example 3', () => {
  assert.strictEqual(isNested('[][]'), false);
});

test('example 4', () => {
  assert.strictEqual(isNested('[]'), false);
});

test('example 5', () => {
  assert.strictEqual(isNested('[[][]]'), true);
});

test('example 6', () => {
  assert.strictEqual(isNested('[[]][['), true);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(isNested('[[]]'), true);
  assert.strictEqual(isNested('[]]]]]]][[[[[]'), false);
  assert.strictEqual(isNested('[][]'), false);
  assert.strictEqual(isNested('[]'), false);
  assert.strictEqual(isNested('[[[[]]]]'), true);
  assert.strictEqual(isNested('[]]]]]]]]]]'), false);
  assert.strictEqual(isNested('[][][[]]'), true);
  assert.strictEqual(isNested('[[]'), false);
  assert.strictEqual(isNested('[]]'), false);
  assert.strictEqual(isNested('[[]][['), true);
  assert.strictEqual(isNested('[[][]]'), true);
  assert.strictEqual(isNested(''), false);
  assert.strictEqual(isNested('[[[[[[[['), false);
  assert.strictEqual(isNested(']]]]]]]]'), false);
  console.log('official: ok');
}
