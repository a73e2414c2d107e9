// mocha reporter: mocha's own `spec` output, and one JSON line per test as it finishes (see ec_events.cjs).
'use strict';
const path = require('path');
const { createRequire } = require('module');
const { openWriter } = require('./ec_events.cjs');

// The reporter lies outside the project, so mocha's own reporters are found beside the program that is running.
function specReporter() {
  for (const start of [process.argv[1], path.join(process.cwd(), 'package.json')]) {
    try {
      return createRequire(require('fs').realpathSync(start))('mocha').reporters.Spec;
    } catch (error) {
      continue;
    }
  }
  return undefined;
}

module.exports = class EcMochaReporter {
  constructor(runner, options) {
    const Spec = specReporter();
    if (Spec !== undefined) this.spec = new Spec(runner, options);
    const writer = openWriter('mocha');
    if (writer === null) return;
    const begin = (test) => writer.start(test.file, test.titlePath());
    runner.on('test', begin);
    runner.on('pass', (test) => writer.test(test.file, test.titlePath(), 'passed', test.duration));
    runner.on('pending', (test) => writer.test(test.file, test.titlePath(), 'skipped', 0));
    runner.on('fail', (test, error) => {
      const outcome = test.type === 'hook' ? 'error' : 'failed';
      writer.test(test.file, test.titlePath(), outcome, test.duration, error);
    });
    runner.once('end', () => writer.end(runner.failures > 0 ? 1 : 0));
  }
};
