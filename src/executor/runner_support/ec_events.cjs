// What the JavaScript reporters share: a file of JSON lines, one record per finished test. Plain JavaScript that Node 16
// and newer run. A record is written when its test ends and the session-end record last, so that whoever reads the file
// after a crash or a time limit knows what had finished and that the rest is missing.
'use strict';
const fs = require('fs');
const path = require('path');

const MESSAGE_CHARS = 400;
const DETAIL_CHARS = 12000;
// The reader refuses artifacts above 16 MiB: from here on the texts are left out, so that the outcomes still arrive.
const LEAN_AFTER_BYTES = 10 << 20;

function text(value, limit) {
  // A half of a surrogate pair is not text that UTF-8 can carry.
  const whole = Buffer.from(String(value), 'utf8').toString('utf8');
  if (whole.length <= limit) return whole;
  const cut = whole.slice(0, limit / 2) + '\n…\n' + whole.slice(-limit / 2);
  return Buffer.from(cut, 'utf8').toString('utf8');
}

function firstLine(value) {
  const line = String(value).split('\n').find((part) => part.trim() !== '');
  return text(line === undefined ? '' : line.trim(), MESSAGE_CHARS);
}

class Writer {
  constructor(directory, runner) {
    this.bytes = 0;
    this.count = 0;
    for (let number = 0; number < 1000; number++) {
      try {
        this.fd = fs.openSync(path.join(directory, `events-${process.pid}-${number}.jsonl`), 'ax', 0o600);
        break;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
    }
    this.write({ e: 'begin', runner, version: 1, cwd: process.cwd() });
  }

  write(record) {
    const line = Buffer.from(JSON.stringify(record) + '\n', 'utf8');
    this.bytes += line.length;
    fs.writeSync(this.fd, line);
  }

  start(file, names) {
    this.write({ e: 'start', file: file || '', names: names.map((name) => text(name, 1000)) });
  }

  // `error`, when given, is what the test threw: an Error or anything else.
  test(file, names, outcome, milliseconds, error) {
    const record = { e: 'test', file: file || '', names: names.map((name) => text(name, 1000)), outcome };
    record.us = Math.round((milliseconds || 0) * 1000);
    if (error !== undefined && error !== null && this.bytes < LEAN_AFTER_BYTES) {
      const stack = error.stack || error.message || String(error);
      const shown = error.message === undefined ? String(error) : error.message;
      record.message = firstLine(shown);
      record.details = text(stack.includes(shown) ? stack : shown + '\n' + stack, DETAIL_CHARS);
    }
    this.count++;
    this.write(record);
  }

  end(exit) {
    this.write({ e: 'end', exit, tests: this.count });
  }
}

// The writer that was asked for through the environment, or null. Takes the request out of the environment, so that
// programs which the tests start neither find the report nor add to it.
function openWriter(runner) {
  const directory = process.env.EC_REPORT_DIR;
  delete process.env.EC_REPORT_DIR;
  if (!directory || !fs.existsSync(directory)) return null;
  return new Writer(directory, runner);
}

module.exports = { openWriter };
