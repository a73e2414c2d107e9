'use strict';

/** Moves every lower-case letter four places on in the alphabet. */
function encrypt(text) {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  let out = '';
  for (const character of text) {
    if (letters.includes(character)) {
      out += letters[(letters.indexOf(character) + 4) % 26];
    } else {
      out += character;
    }
  }
  return out;
}

module.exports = { encrypt };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { encrypt } = require('./solution');

test('example 1', () => {
  assert.strictEqual(encrypt('hi'), 'lm');
});

test('example 2', () => {
  assert.strictEqual(encrypt('asdfghjkl'), 'ewhjklnop');
});

test('example 3', () => {
  assert.strictEqual(encrypt('gf'), 'kj');
});

test('example 4', () => {
  assert.strictEqual(encrypt('et'), 'ix');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(encrypt('hi'), 'lm');
  assert.strictEqual(encrypt('asdfghjkl'), 'ewhjklnop');
  assert.strictEqual(encrypt('gf'), 'kj');
  assert.strictEqual(encrypt('et'), 'ix');
  assert.strictEqual(encrypt('faewfawefaewg'), 'jeiajeaijeiak');
  assert.strictEqual(encrypt('hellomyfriend'), 'lippsqcjvmirh');
  assert.strictEqual(encrypt('dxzdlmnilfuhmilufhlihufnmlimnufhlimnufhfucufh'), 'hbdhpqrmpjylqmpyjlpmlyjrqpmqryjlpmqryjljygyjl');
  assert.strictEqual(encrypt('a'), 'e');
  console.log('official: ok');
}
