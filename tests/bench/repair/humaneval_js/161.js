'use strict';

/** Swaps the case of all letters; reverses a text without letters. */
function solve(text) {
  let letters = false;
  let result = '';
  for (const character of text) {
    if (character.toLowerCase() !== character.toUpperCase()) {
      letters = true;
      result += character === character.toUpperCase() ? character.toLowerCase() : character.toUpperCase();
    } else {
      result += character;
    }
  }
  if (!letters) {
    return [...text].reverse().join('');
  }
  return result;
}

module.exports = { solve };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { solve } = require('./solution');

test('example 1', () => {
  assert.strictEqual(solve('1234'), '4321');
});

test('example 2', () => {
  assert.strictEqual(solve('ab'), 'AB');
});

test('example 3', () => {
  assert.strictEqual(solve('#a@C'), '#A@c');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(solve('AsDf'), 'aSdF');
  assert.strictEqual(solve('1234'), '4321');
  assert.strictEqual(solve('ab'), 'AB');
  assert.strictEqual(solve('#a@C'), '#A@c');
  assert.strictEqual(solve('#AsdfW^45'), '#aSDFw^45');
  assert.strictEqual(solve('#6@2'), '2@6#');
  assert.strictEqual(solve('#$a^D'), '#$A^d');
  assert.strictEqual(solve('#ccc'), '#CCC');
  console.log('official: ok');
}
