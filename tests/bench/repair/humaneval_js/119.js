'use strict';

function balanced(text) {
  let depth = 0;
  for (const character of text) {
    if (character === '(') {
      depth = depth + 1;
    } else {
      depth = depth - 1;
    }
    if (depth < 0) {
      return false;
    }
  }
  return depth === 0;
}

/** Says "Yes" when the two texts, in one order or the other, make balanced parentheses. */
function matchParens(pair) {
  const forwards = pair[0] + pair[1];
  const backwards = pair[1] + pair[0];
  return balanced(forwards) || balanced(backwards) ? 'Yes' : 'No';
}

module.exports = { matchParens };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { matchParens } = require('./solution');

test('example 1', () => {
  assert.strictEqual(matchParens(['()(', ')']), 'Yes');
});

test('example 2', () => {
  assert.strictEqual(matchParens([')', ')']), 'No');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(matchParens(['()(', ')']), 'Yes');
  assert.strictEqual(matchParens([')', ')']), 'No');
  assert.strictEqual(matchParens(['(()(())', '())())']), 'No');
  assert.strictEqual(matchParens([')())', '(()()(']), 'Yes');
  assert.strictEqual(matchParens(['(())))', '(()())((']), 'Yes');
  assert.strictEqual(matchParens(['()', '())']), 'No');
  assert.strictEqual(matchParens(['(()(', '()))()']), 'Yes');
  assert.strictEqual(matchParens(['((((', '((())']), 'No');
  assert.strictEqual(matchParens([')(()', '(()(']), 'No');
  assert.strictEqual(matchParens([')(', ')(']), 'No');
  assert.strictEqual(matchParens(['(', ')']), 'Yes');
  assert.strictEqual(matchParens([')', '(']), 'Yes');
  console.log('official: ok');
}
