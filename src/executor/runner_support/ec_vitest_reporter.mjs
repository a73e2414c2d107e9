// vitest reporter (vitest 3 and newer): one JSON line per test as it finishes (see ec_events.cjs), beside vitest's own
// `json` report, which comes only at the end. Older versions call none of these and leave no file.
import { createRequire } from 'node:module';

const { openWriter } = createRequire(import.meta.url)('./ec_events.cjs');

const OUTCOMES = { passed: 'passed', failed: 'failed', skipped: 'skipped' };

function namesOf(test) {
  const names = [test.name];
  for (let parent = test.parent; parent && parent.type === 'suite'; parent = parent.parent) names.unshift(parent.name);
  return names;
}

export default class EcVitestReporter {
  onTestRunStart() {
    this.writer = openWriter('vitest');
    this.failed = false;
  }

  onTestModuleQueued(module) {
    if (this.writer) this.writer.start(module.moduleId, []);
  }

  onTestCaseReady(test) {
    if (this.writer) this.writer.start(test.module.moduleId, namesOf(test));
  }

  onTestCaseResult(test) {
    if (!this.writer) return;
    const result = test.result();
    const timing = test.diagnostic();
    const outcome = OUTCOMES[result.state] || 'error';
    if (outcome === 'failed' || outcome === 'error') this.failed = true;
    const [error] = result.errors || [];
    this.writer.test(test.module.moduleId, namesOf(test), outcome, timing ? timing.duration : 0, outcome === 'failed' ? error : undefined);
  }

  onTestModuleEnd(module) {
    if (!this.writer || module.state() !== 'failed') return;
    const [error] = module.errors();
    if (error === undefined) return;
    this.failed = true;
    this.writer.test(module.moduleId, [], 'error', 0, error);
  }

  onTestRunEnd(modules, errors, reason) {
    if (this.writer && reason !== 'interrupted') this.writer.end(this.failed ? 1 : 0);
  }
}
