'use strict';

/** Tells whether the text is a date of the form mm-dd-yyyy that exists. */
function validDate(date) {
  const parts = date.trim().split('-');
  if (parts.length !== 3) {
    return false;
  }
  const [month, day, year] = parts.map((part) => parseInt(part, 10));
  if (Number.isNaN(month) || Number.isNaN(day) || Number.isNaN(year)) {
    return false;
  }
  if (month < 1 || month > 12) {
    return false;
  }
  let days = 31;
  if ([4, 6, 9, 11].includes(month)) {
    days = 30;
  } else if (month === 2) {
    days = 29;
  }
  return day >= 1 && day <= days;
}

module.exports = { validDate };
// --- examples
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { validDate } = require('./solution');

test('example 1', () => {
  assert.strictEqual(validDate('03-11-2000'), true);
});

test('example 2', () => {
  assert.strictEqual(validDate('15-01-2012'), false);
});

test('example 3', () => {
  assert.strictEqual(validDate('04-0-2040'), false);
});

test('example 4', () => {
  assert.strictEqual(validDate('06-04-2020'), true);
});

test('example 5', () => {
  assert.strictEqual(validDate('06/04/2020'), false);
});
// --- official
{
  const assert = require('node:assert');
  assert.strictEqual(validDate('03-11-2000'), true);
  assert.strictEqual(validDate('15-01-2012'), false);
  assert.strictEqual(validDate('04-0-2040'), false);
  assert.strictEqual(validDate('06-04-2020'), true);
  assert.strictEqual(validDate('01-01-2007'), true);
  assert.strictEqual(validDate('03-32-2011'), false);
  assert.strictEqual(validDate(''), false);
  assert.strictEqual(validDate('04-31-3000'), false);
  assert.strictEqual(validDate('06-06-2005'), true);
  assert.strictEqual(validDate('21-31-2000'), false);
  assert.strictEqual(validDate('04-12-2003'), true);
  assert.strictEqual(validDate('04122003'), false);
  assert.strictEqual(validDate('20030412'), false);
  assert.strictEqual(validDate('2003-04'), false);
  assert.strictEqual(validDate('2003-04-12'), false);
  assert.strictEqual(validDate('04-2003'), false);
  console.log('official: ok');
}
