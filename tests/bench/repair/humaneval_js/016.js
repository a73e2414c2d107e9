'use strict';

/** Counts the distinct characters, whatever their case. */
function countDistinctCharacters(text) {
  return new Set(text.toLowerCase()).size;
}

module.exports = { countDistinctCharacters };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { countDistinctCharacters } = require('./solution');

test('example 1', () => {
  assert.strictEqual(countDistinctCharacters('xyzXYZ'), 3);
});

test('example 2', () => {
  assert.strictEqual(countDistinctCharacters('Jerry'), 4);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(countDistinctCharacters(''), 0);
  assert.strictEqual(countDistinctCharacters('abcde'), 5);
  assert.strictEqual(countDistinctCharacters('abcde' + 'cade' + 'CADE'), 5);
  assert.strictEqual(countDistinctCharacters('aaaaAAAAaaaa'), 1);
  assert.strictEqual(countDistinctCharacters('Jerry jERRY JeRRRY'), 5);
  console.log('official: ok');
}
