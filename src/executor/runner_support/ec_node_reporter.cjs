// node:test reporter: one JSON line per test as it is reported (see ec_events.cjs).
//
// Events come in the order of declaration, children before the parent they belong to, so the names above a test are
// known from the `test:start` events, one level deep each. `test:dequeue` comes the moment a test begins, out of order
// when tests run at the same time; it serves only to name what was running when the run was cut off. A test file that
// never comes back to its event loop sends nothing, so the file itself is noted as begun too.
'use strict';
const fs = require('fs');
const path = require('path');
const { openWriter } = require('./ec_events.cjs');

const STDERR_CHARS = 8000;

function descend(stack, data) {
  stack.length = Math.min(stack.length, data.nesting);
  while (stack.length < data.nesting) stack.push('?');
  stack.push(data.name);
  return stack;
}

function outcomeOf(data, failed) {
  if (data.skip !== undefined && data.skip !== false) return 'skipped';
  if (data.todo !== undefined && data.todo !== false) return 'skipped';
  return failed ? 'failed' : 'passed';
}

// The test that node makes of a whole file: named by its path, which newer versions give relative to the directory.
function isWholeFile(data) {
  return data.nesting === 0 && (data.file === undefined || path.resolve(data.name) === data.file);
}

// Node reports a file itself only when none of its tests came back. That is a script that passed, or one that registers
// tests and left with success before the first: the second ran nothing, and must not count as a pass.
function leftBeforeItsTests(file) {
  try {
    return /['"`]node:test['"`]/.test(fs.readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}

// Takes the events of one run, one after the other; finish() says that there are no more.
class Collector {
  constructor(writer) {
    this.writer = writer;
    this.names = [];
    this.running = new Map();
    this.stderr = new Map();
    this.failures = 0;
    this.failed = undefined; // the last test that failed: its file and the names of its suites and its own
  }

  take(event) {
    const data = event.data || {};
    switch (event.type) {
      case 'test:dequeue':
        this.begun(data);
        break;
      case 'test:start':
        descend(this.names, data);
        break;
      case 'test:pass':
        this.ended(data, false);
        break;
      case 'test:fail':
        if (data.todo === undefined || data.todo === false) this.failures++;
        this.ended(data, true);
        break;
      case 'test:stderr': {
        // Newer versions name the file as it was found, relative to the directory.
        const file = path.resolve(data.file || '');
        const before = this.stderr.get(file) || '';
        if (before.length < STDERR_CHARS) this.stderr.set(file, before + data.message);
        break;
      }
      default:
        break;
    }
  }

  finish() {
    this.writer.end(this.failures > 0 ? 1 : 0);
  }

  begun(data) {
    const key = data.file || '';
    if (!this.running.has(key)) this.running.set(key, []);
    const names = descend(this.running.get(key), data);
    if (isWholeFile(data)) this.writer.start(path.resolve(data.name), []);
    else if (data.type !== 'suite') this.writer.start(data.file, names);
  }

  ended(data, failed) {
    const details = data.details || {};
    const error = details.error;
    const own = this.names.slice(0, data.nesting).concat([data.name]);
    // A parent that failed only because a child did would name the same fault twice.
    if (failed && error && error.failureType === 'subtestsFailed') return;
    if (!failed && details.type === 'suite' && data.skip === undefined && data.todo === undefined) return;
    const cause = error && error.cause !== undefined ? error.cause : error;
    const outcome = outcomeOf(data, failed);
    if (outcome === 'failed') this.failed = [data.file].concat(own).join(' > ');
    const broken = failed && error && (error.failureType === 'hookFailed' || details.type === 'suite');
    if (isWholeFile(data)) {
      // It fails when the file throws outside its tests; node says only "test failed", the reason went to stderr.
      const file = path.resolve(data.name);
      const said = failed && this.stderr.get(file);
      const ran = failed ? 'error' : leftBeforeItsTests(file) ? 'skipped' : outcome;
      this.writer.test(file, [], ran, details.duration_ms, said ? { message: thrown(said), stack: said } : cause);
      return;
    }
    this.writer.test(data.file, own, broken && outcome === 'failed' ? 'error' : outcome, details.duration_ms,
      outcome === 'skipped' ? undefined : cause);
  }
}

// The line of an uncaught error's report that names the error.
function thrown(text) {
  const lines = text.split('\n');
  return lines.find((line) => /^(\w*Error|Uncaught)\b/.test(line)) || lines.find((line) => line.trim() !== '') || '';
}

// A collector where a report was asked for, else null.
function openCollector() {
  const writer = openWriter('node-test');
  return writer === null ? null : new Collector(writer);
}

// Node imports a reporter and calls its default export; preloaded beside a reporter of node's own it is not called.
module.exports = async function* ecNodeReporter(source) {
  const collector = openCollector();
  for await (const event of source) if (collector !== null) collector.take(event);
  if (collector !== null) collector.finish();
};
module.exports.openCollector = openCollector;
