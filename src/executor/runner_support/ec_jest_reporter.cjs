// jest reporter: one JSON line per test as it finishes (see ec_events.cjs). Runs beside jest's own reporter.
'use strict';
const { openWriter } = require('./ec_events.cjs');

const OUTCOMES = { passed: 'passed', failed: 'failed', pending: 'skipped', skipped: 'skipped', todo: 'skipped', disabled: 'skipped' };

module.exports = class EcJestReporter {
  constructor() {
    this.writer = openWriter('jest');
    this.told = new Map();
    this.failed = false;
  }

  tell(file, result) {
    const names = result.ancestorTitles.concat([result.title]);
    const text = (result.failureMessages || []).join('\n');
    const outcome = OUTCOMES[result.status] || 'error';
    if (outcome === 'failed' || outcome === 'error') this.failed = true;
    this.writer.test(file, names, outcome, result.duration, text === '' ? undefined : { message: text.split('\n    at ')[0], stack: text });
  }

  onTestFileStart(test) {
    if (this.writer !== null) this.writer.start(test.path, []);
  }

  onTestCaseStart(test, start) {
    if (this.writer !== null) this.writer.start(test.path, start.ancestorTitles.concat([start.title]));
  }

  onTestCaseResult(test, result) {
    if (this.writer === null) return;
    this.told.set(test.path, (this.told.get(test.path) || 0) + 1);
    this.tell(test.path, result);
  }

  // Skipped tests, and all tests of the older runners, are told only here, with their whole file.
  onTestResult(test, file) {
    if (this.writer === null) return;
    const told = this.told.get(test.path) || 0;
    for (const result of file.testResults) {
      const skipped = OUTCOMES[result.status] === 'skipped';
      if (told === 0 || skipped) this.tell(test.path, result);
    }
    const broken = file.testExecError || (file.failureMessage && !file.testResults.some((result) => result.status === 'failed'));
    if (broken) {
      this.failed = true;
      const text = file.failureMessage || String(file.testExecError.message || file.testExecError);
      const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.includes('●'));
      this.writer.test(test.path, [], 'error', 0, { message: lines[0] || text, stack: text });
    }
  }

  onRunComplete(contexts, results) {
    if (this.writer === null || (results && results.wasInterrupted)) return;
    this.writer.end(this.failed ? 1 : 0);
  }
};
