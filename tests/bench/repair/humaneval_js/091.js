'use strict';

/** Counts the sentences that start with the word "I". */
function isBored(text) {
  const sentences = text.split(/[.?!]\s*/);
  let count = 0;
  for (const sentence of sentences) {
    if (sentence.slice(0, 2) === 'I ') {
      count += 1;
    }
  }
  return count;
}

module.exports = { isBored };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { isBored } = require('./solution');

test('example 1', () => {
  assert.strictEqual(isBored('Hello world'), 0);
});

test('example 2', () => {
  assert.strictEqual(isBored('The sky is blue. The sun is shining. I love this weather'), 1);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(isBored('Hello world'), 0);
  assert.strictEqual(isBored('Is the sky blue?'), 0);
  assert.strictEqual(isBored('I love It !'), 1);
  assert.strictEqual(isBored('bIt'), 0);
  assert.strictEqual(isBored('I feel good today. I will be productive. will kill It'), 2);
  assert.strictEqual(isBored('You and I are going for a walk'), 0);
  console.log('official: ok');
}
