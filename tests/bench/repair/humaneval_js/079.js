'use strict';

/** Writes the number in binary between two "db". */
function decimalToBinary(decimal) {
  return 'db' + decimal.toString(2) + 'db';
}

module.exports = { decimalToBinary };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { decimalToBinary } = require('./solution');

test('example 1', () => {
  assert.strictEqual(decimalToBinary(15), 'db1111db');
});

test('example 2', () => {
  assert.strictEqual(decimalToBinary(32), 'db100000db');
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(decimalToBinary(0), 'db0db');
  assert.strictEqual(decimalToBinary(32), 'db100000db');
  assert.strictEqual(decimalToBinary(103), 'db1100111db');
  assert.strictEqual(decimalToBinary(15), 'db1111db');
  console.log('official: ok');
}
