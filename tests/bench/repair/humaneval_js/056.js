'use strict';

/** Tells whether every "<" has its ">". */
function correctBracketing(brackets) {
  let depth = 0;
  for (const bracket of brackets) {
    if (bracket === '<') {
      depth += 1;
    } else {
      depth -= 1;
    }
    if (depth < 0) {
      return false;
    }
  }
  return depth === 0;
}

module.exports = { correctBracketing };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { correctBracketing } = require('./solution');

test('example 1', () => {
  assert.strictEqual(correctBracketing('<'), false);
});

test('example 2', () => {
  assert.strictEqual(correctBracketing('<>'), true);
});

test('example 3', () => {
  assert.strictEqual(correctBracketing('<<><>>'), true);
});

test('example 4', () => {
  assert.strictEqual(correctBracketing('><<>'), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(correctBracketing('<>'), true);
  assert.strictEqual(correctBracketing('<<><>>'), true);
  assert.strictEqual(correctBracketing('<><><<><>><>'), true);
  assert.strictEqual(correctBracketing('<><><<<><><>><>><<><><<>>>'), true);
  assert.strictEqual(correctBracketing('<<<><>>>>'), false);
  assert.strictEqual(correctBracketing('><<>'), false);
  assert.strictEqual(correctBracketing('<'), false);
  assert.strictEqual(correctBracketing('<<<<'), false);
  assert.strictEqual(correctBracketing('>'), false);
  assert.strictEqual(correctBracketing('<<>'), false);
  assert.strictEqual(correctBracketing('<><><<><>><>><<>'), false);
  assert.strictEqual(correctBracketing('<><><<><>><>>><>'), false);
  console.log('official: ok');
}
