'use strict';

/** Replaces blanks by underscores, and more than two in a row by one dash. */
function fixSpaces(text) {
  let result = '';
  let i = 0;
  while (i < text.length) {
    let end = i;
    while (end < text.length && text[end] === ' ') {
      end += 1;
    }
    if (end - i > 2) {
      result += '-';
    } else {
      result += '_'.repeat(end - i);
    }
    if (end < text.length) {
      result += text[end];
    }
    i = end + 1;
  }
  return result;
}

module.exports = { fixSpaces };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { fixSpaces } = require('./solution');

test('example 1', () => {
  assert.strictEqual(fixSpaces('Example'), 'Example');
});

test('example 2', () => {
  assert.strictEqual(fixSpaces('Example 1'), 'Example_1');
});

test('example 3', () => {
  assert.strictEqual(fixSpaces(' Example 2'), '_Example_2');
});

test('example 4', () => {
  assert.strictEqual(fixSpaces(' Example   3'), '_Example-3');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(fixSpaces('Example'), 'Example');
  assert.strictEqual(fixSpaces('Mudasir Hanif '), 'Mudasir_Hanif_');
  assert.strictEqual(fixSpaces('Yellow Yellow  Dirty  Fellow'), 'Yellow_Yellow__Dirty__Fellow');
  assert.strictEqual(fixSpaces('Exa   mple'), 'Exa-mple');
  assert.strictEqual(fixSpaces('   Exa 1 2 2 mple'), '-Exa_1_2_2_mple');
  console.log('official: ok');
}
