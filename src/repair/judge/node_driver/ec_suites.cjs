// The test APIs that programs under test call (node:test, mocha, jest, vitest), played by one small runner: loading a
// file registers tests, and any registered test can then be run by itself with the hooks around it.
//
// What is not played here throws `Unsupported`, so that the baseline shows it.
'use strict';

const { createExpect, createMocks } = require('./ec_expect.cjs');

const HOOKS = ['before', 'after', 'beforeEach', 'afterEach'];
const DEFAULT_TIMEOUT = { mocha: 2000, jest: 5000, vitest: 5000 };

class Unsupported extends Error {}
class SkipRequest {}

class Suite {
  constructor(title, parent, file) {
    this.title = title;
    this.parent = parent;
    this.file = file;
    this.children = [];
    this.mode = 'run';
    this.only = false;
    this.timeout = undefined;
    this.pending = [];
    this.prepared = undefined;
    this.shared = Object.create(parent ? parent.shared : Object.prototype);
    for (const hook of HOOKS) this[hook] = [];
  }

  get path() {
    return this.parent ? [...this.parent.path, ...(this.title === null ? [] : [this.title])] : [];
  }
}

class Test {
  constructor(title, parent, file, run, options) {
    Object.assign(this, { title, parent, file, run, mode: 'run', only: false, timeout: undefined, twins: [], ...options });
    this.id = [file, ...parent.path, title].join(' > ');
  }
}

/// The tests of one realm and what becomes of them.
class Suites {
  constructor(framework, realm, options) {
    this.framework = framework;
    this.realm = realm;
    this.options = options;
    this.root = new Suite(null, null, '');
    this.current = this.root;
    this.file = '';
    this.tests = new Map();
    this.results = new Map();
    this.entered = [];
    this.closing = [];
    this.active = null;
    this.hasOnly = false;
  }

  // Registration -----------------------------------------------------------------------------------------------------

  /// Everything registered until the next call belongs to `file` (relative to the root).
  beginFile(file) {
    this.file = file;
    if (this.framework === 'mocha') {
      this.current = this.root;
    } else {
      this.current = new Suite(null, this.root, file);
      this.root.children.push(this.current);
    }
  }

  addSuite(title, body, options = {}) {
    const suite = new Suite(String(title), this.current, this.file);
    Object.assign(suite, options);
    this.current.children.push(suite);
    if (suite.only) this.hasOnly = true;
    const outer = this.current;
    if (typeof body !== 'function' || (suite.mode === 'skip' && this.framework !== 'mocha' && this.framework !== 'jest' && this.framework !== 'vitest')) return suite;
    this.current = suite;
    let result;
    try {
      result = body.call(this.mochaContext(suite, null), { name: suite.title });
    } finally {
      this.current = outer;
    }
    if (result && typeof result.then === 'function') {
      // The body of an async describe registers after its first await, too.
      suite.pending.push(result);
      this.options.loading.push(Promise.resolve(result));
      this.current = suite;
      result.then(() => { this.current = outer; }, () => { this.current = outer; });
    }
    return suite;
  }

  addTest(title, run, options = {}) {
    const test = new Test(String(title), this.current, this.file, run, options);
    if (typeof run !== 'function' && test.mode === 'run') test.mode = this.framework === 'node-test' ? 'run' : 'skip';
    if (test.only) this.hasOnly = true;
    this.current.children.push(test);
    // Reports cannot tell tests of one name apart, so they pass or fail together.
    const namesake = this.tests.get(test.id);
    if (namesake) namesake.twins.push(test);
    else this.tests.set(test.id, test);
    return test;
  }

  addHook(kind, run, options) {
    this.current[kind].push({ run, timeout: options && options.timeout });
  }

  // Running ----------------------------------------------------------------------------------------------------------

  skipped(test) {
    if (test.mode !== 'run') return true;
    let only = test.only;
    for (let suite = test.parent; suite; suite = suite.parent) {
      if (suite.mode !== 'run') return true;
      only = only || suite.only;
    }
    const narrows = this.framework !== 'node-test' || this.options.onlyFlag;
    return this.hasOnly && narrows && !only;
  }

  /// The registered tests in the order in which the runner runs them: mocha comes to the suites within a suite after
  /// the tests of that suite itself.
  inOrder(suite = this.root) {
    const isSuite = (child) => child instanceof Suite;
    const children = this.framework !== 'mocha' ? suite.children : [...suite.children.filter((child) => !isSuite(child)), ...suite.children.filter(isSuite)];
    return children.flatMap((child) => (isSuite(child) ? this.inOrder(child) : this.tests.get(child.id) === child ? [child] : []));
  }

  /// Runs one test with its hooks: {outcome, error}. Results of subtests land in `results` as well.
  async runTest(test) {
    if (this.results.has(test.id)) return this.results.get(test.id);
    let result = await this.attempt(test);
    for (const twin of test.twins) {
      const other = await this.attempt(twin);
      if (result.outcome !== 'failed' && other.outcome !== 'skipped') result = other;
    }
    this.results.set(test.id, result);
    return result;
  }

  async attempt(test) {
    if (this.skipped(test)) return { outcome: 'skipped' };
    const chain = [];
    for (let suite = test.parent; suite; suite = suite.parent) chain.unshift(suite);
    await this.leaveAllBut(chain);
    try {
      for (const suite of chain) await this.prepare(suite);
    } catch (error) {
      return error instanceof SkipRequest ? { outcome: 'skipped' } : { outcome: 'failed', error };
    }
    const tries = 1 + (test.retries || 0);
    let result;
    for (let attempt = 0; attempt < tries; attempt++) {
      result = await this.once(test, chain);
      if (result.outcome !== 'failed') break;
    }
    if (test.mode === 'fails' || test.fails) {
      result = result.outcome === 'failed' ? { outcome: 'passed' } : { outcome: 'failed', error: new Error('Expected the test to fail') };
    }
    return result;
  }

  async once(test, chain) {
    let failure = null;
    let skip = false;
    const note = (error) => {
      if (error instanceof SkipRequest) skip = true;
      else if (!failure) failure = { error };
    };
    const context = this.testContext(test);
    try {
      for (const suite of chain) for (const hook of suite.beforeEach) await this.call(hook.run, suite, test, context, hook.timeout);
      await this.call(test.run, test.parent, test, context, test.timeout);
      if (context && context.ec_finish) await context.ec_finish();
      if (this.expect) this.expect.ec_check();
    } catch (error) {
      note(error);
    }
    for (const suite of chain.reverse()) {
      for (const hook of suite.afterEach) {
        try {
          await this.call(hook.run, suite, test, context, hook.timeout);
        } catch (error) {
          note(error);
        }
      }
    }
    chain.reverse();
    if (context && context.ec_cleanup) await context.ec_cleanup().catch(note);
    if (failure) return { outcome: 'failed', error: failure.error };
    if (context && context.ec_todo) return { outcome: 'skipped' };
    return { outcome: skip || (context && context.ec_skipped) ? 'skipped' : 'passed' };
  }

  prepare(suite) {
    if (!suite.prepared) {
      this.entered.push(suite);
      suite.prepared = (async () => {
        for (const promise of suite.pending) await promise;
        for (const hook of suite.before) await this.call(hook.run, suite, null, null, hook.timeout);
      })();
      suite.prepared.catch(() => {});
    }
    return suite.prepared;
  }

  /// Runs the closing hooks of the entered suites outside of `chain`, innermost first, as every runner does before the
  /// next suite begins. A test that comes back to such a suite enters it anew.
  async leaveAllBut(chain) {
    while (this.entered.length && !chain.includes(this.entered.at(-1))) {
      const suite = this.entered.pop();
      suite.prepared = undefined;
      for (const hook of suite.after) {
        try {
          await this.call(hook.run, suite, null, null, hook.timeout);
        } catch (error) {
          this.closing.push({ id: [suite.file || this.file, ...suite.path].join(' > '), error });
        }
      }
    }
  }

  /// Leaves every suite; the errors that closing hooks have thrown until now.
  async finish() {
    await this.leaveAllBut([]);
    return this.closing.splice(0);
  }

  /// Calls a function of the program under test: value, promise or callback style. What escapes from its callbacks
  /// while it runs fails it.
  call(run, suite, test, context, timeout) {
    if (typeof run !== 'function') return undefined;
    const nodeTest = this.framework === 'node-test';
    const self = nodeTest ? context : this.mochaContext(suite, test);
    const limit = timeout ?? suite.timeout ?? this.options.timeout ?? DEFAULT_TIMEOUT[this.framework];
    const outer = this.active;
    return new Promise((resolve, reject) => {
      const active = { reject, limit, outer };
      this.active = active;
      const words = nodeTest ? [context || {}] : [];
      const wantsDone = nodeTest ? run.length > 1 : run.length > 0 && !(test && test.words) && this.framework !== 'vitest';
      const finished = new Promise((done, failed) => {
        if (wantsDone) {
          const callback = (error) => (error ? failed(error) : done());
          callback.fail = (error) => failed(error || new Error('done.fail() was called'));
          words.push(callback);
        } else if (this.framework === 'vitest' && !(test && test.words)) {
          words.push({ task: { name: test && test.title }, expect: this.expect, skip: () => { throw new SkipRequest(); } });
        }
        const result = run.apply(self, test && test.words && run === test.run ? test.words : words);
        if (!wantsDone) {
          if (result && typeof result.then === 'function') result.then(done, failed);
          else done(result);
        }
      });
      const over = (settle) => (value) => {
        active.settled = true;
        clearTimeout(active.timer);
        if (this.active === active) this.active = outer;
        settle(value);
      };
      finished.then(over(resolve), over(reject));
      active.reject = over(reject);
      const bounded = self && self.ec_timeout !== undefined ? self.ec_timeout : limit;
      if (bounded > 0 && Number.isFinite(bounded)) {
        // Started only when the function did not settle at once: a timer for every synchronous test would be waste.
        Promise.resolve().then(() => Promise.resolve()).then(() => {
          if (active.settled) return;
          active.timer = setTimeout(() => this.options.enter(this.realm, () => active.reject(new Error(`test timed out after ${bounded}ms`))), bounded);
        });
      }
    });
  }

  /// An error that no call stack of the test owns.
  stray(error) {
    if (!this.active) return false;
    this.active.reject(error);
    return true;
  }

  /// `this` inside mocha's and jest's functions.
  mochaContext(suite, test) {
    const owner = test || suite;
    const self = test ? (test.self ||= Object.create(suite.shared)) : suite.shared;
    const define = (name, value) => Object.defineProperty(self, name, { value, configurable: true, writable: true, enumerable: false });
    define('timeout', (limit) => {
      if (limit === undefined) return owner.timeout ?? 2000;
      if (!test) suite.timeout = limit;
      define('ec_timeout', limit);
      return self;
    });
    define('slow', () => self);
    define('retries', (count) => { owner.retries = count; return self; });
    define('skip', () => { throw new SkipRequest(); });
    if (test) define('currentTest', { title: test.title, fullTitle: () => [...test.parent.path, test.title].join(' ') }), define('test', self.currentTest);
    return self;
  }

  testContext(test) {
    if (this.framework !== 'node-test') return null;
    return require('./ec_node_test.cjs').makeContext(this, test);
  }
}

// Mocha, jest and vitest ---------------------------------------------------------------------------------------------

function formatTitle(template, words, index) {
  const util = require('node:util');
  if (words.length === 1 && words[0] && typeof words[0] === 'object' && /\$\w/.test(template)) {
    return template.replace(/\$(\w+)/g, (all, name) => (name === '#' ? index : name in words[0] ? util.inspect(words[0][name]).replace(/^'|'$/g, '') : all));
  }
  let used = 0;
  const text = template.replace(/%[psdifjoO#%]/g, (mark) => {
    if (mark === '%%') return '%';
    if (mark === '%#') return String(index);
    if (used >= words.length) return mark;
    const word = words[used++];
    return mark === '%p' ? util.inspect(word) : util.format(mark, word);
  });
  return text;
}

function variants(base, make) {
  const api = make({});
  api.skip = make({ mode: 'skip' });
  api.only = make({ only: true });
  if (base !== 'mocha') {
    api.todo = make({ mode: 'todo' });
    api.each = each(make({}));
    api.skip.each = each(api.skip);
    api.only.each = each(api.only);
    api.concurrent = api;
    api.failing = make({ fails: true });
    api.fails = api.failing;
    api.skipIf = (condition) => (condition ? api.skip : api);
    api.runIf = (condition) => (condition ? api : api.skip);
  }
  return api;
}

function each(add) {
  return (table, ...rest) => {
    if (table && table.raw) {
      const heads = table[0].split('|').map((word) => word.trim());
      const rows = [];
      for (let i = 0; i < rest.length; i += heads.length) rows.push(Object.fromEntries(heads.map((head, k) => [head, rest[i + k]])));
      return each(add)(rows.map((row) => [row]));
    }
    return (title, body, timeout) => {
      [...table].forEach((row, index) => {
        const words = Array.isArray(row) ? [...row] : [row];
        add(formatTitle(String(title), words, index), body, timeout, words);
      });
    };
  };
}

function split(body, options) {
  if (typeof body !== 'function' && typeof options === 'function') [body, options] = [options, body];
  const settings = typeof options === 'number' ? { timeout: options } : options || {};
  return { body, settings };
}

/// Names of the framework's globals, and of the modules that export them.
function createGlobals(suites) {
  const { framework } = suites;
  const test = variants(framework, (fixed) => (title, body, options, words) => {
    const parts = split(body, options);
    suites.addTest(title, parts.body, { ...fixed, timeout: parts.settings.timeout, retries: parts.settings.retry, words });
  });
  const describe = variants(framework, (fixed) => (title, body, options, words) => {
    const parts = split(body, options);
    const run = words && parts.body ? function call() { return parts.body.apply(this, words); } : parts.body;
    suites.addSuite(typeof title === 'function' ? title.name : title, run, { ...fixed, timeout: parts.settings.timeout });
  });
  const hook = (kind) => (first, second) => {
    const parts = split(typeof first === 'string' ? second : first, typeof first === 'string' ? undefined : second);
    suites.addHook(kind, parts.body, parts.settings);
  };
  if (framework === 'mocha') {
    const common = { before: hook('before'), after: hook('after'), beforeEach: hook('beforeEach'), afterEach: hook('afterEach') };
    if (suites.options.ui === 'tdd') {
      return { suite: describe, test, suiteSetup: common.before, suiteTeardown: common.after, setup: common.beforeEach, teardown: common.afterEach };
    }
    return { ...common, describe, context: describe, it: test, specify: test, xdescribe: describe.skip, xcontext: describe.skip, xit: test.skip, xspecify: test.skip };
  }
  suites.expect = createExpect(suites.realm);
  suites.mocks = createMocks(suites.realm, suites.expect, Unsupported);
  const globals = { describe, it: test, test, beforeAll: hook('before'), afterAll: hook('after'), beforeEach: hook('beforeEach'),
    afterEach: hook('afterEach'), expect: suites.expect };
  if (framework === 'jest') {
    return { ...globals, jest: suites.mocks.api, xdescribe: describe.skip, fdescribe: describe.only, xit: test.skip, fit: test.only, xtest: test.skip };
  }
  return { ...globals, suite: describe, vi: suites.mocks.api, vitest: suites.mocks.api };
}

module.exports = { Suites, Suite, SkipRequest, Unsupported, createGlobals };
