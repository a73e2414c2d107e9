// node:test as the program under test sees it: test/describe/it, hooks, the test context with subtests, mocks.
'use strict';

const nodeTest = require('node:test');

const MockTracker = nodeTest.mock.constructor;

function parts(words) {
  let title;
  let options = {};
  let body;
  for (const word of words) {
    if (typeof word === 'string') title = word;
    else if (typeof word === 'function') body = word;
    else if (word && typeof word === 'object') options = word;
  }
  if (title === undefined) title = options.name || (body && body.name) || '<anonymous>';
  return { title, options, body };
}

function settings(options) {
  const out = {};
  if (options.skip) out.mode = 'skip';
  else if (options.todo) out.mode = 'todo';
  if (options.only) out.only = true;
  if (options.timeout !== undefined) out.timeout = options.timeout;
  return out;
}

function createNodeTest(suites) {
  const make = (add) => {
    const api = (...words) => {
      const { title, options, body } = parts(words);
      return add(title, body, settings(options));
    };
    api.skip = (...words) => { const { title, options, body } = parts(words); return add(title, body, { ...settings(options), mode: 'skip' }); };
    api.todo = (...words) => { const { title, options, body } = parts(words); return add(title, body, { ...settings(options), mode: 'todo' }); };
    api.only = (...words) => { const { title, options, body } = parts(words); return add(title, body, { ...settings(options), only: true }); };
    return api;
  };
  const promise = () => new suites.realm.intrinsics.Promise((resolve) => resolve());
  const test = make((title, body, options) => {
    if (suites.running) return suites.running.test(title, options, body);
    suites.addTest(title, body, options);
    return promise();
  });
  const describe = make((title, body, options) => {
    suites.addSuite(title, body, options);
    return promise();
  });
  Object.assign(test, { test, it: test, describe, suite: describe, mock: new MockTracker() });
  for (const kind of ['before', 'after', 'beforeEach', 'afterEach']) test[kind] = (run, options) => suites.addHook(kind, run, options);
  test.run = () => { throw new Error('node:test run() is not available here'); };
  return test;
}

/// The `t` of a test or subtest.
function makeContext(suites, test) {
  const { realm } = suites;
  const hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
  let queue = null;
  let failed = null;
  let planned;
  let counted = 0;
  const subtests = [];
  const context = realm.intrinsics.object();
  const countingAssert = () => {
    const assert = realm.builtin('assert');
    const out = realm.intrinsics.object();
    for (const name of Object.keys(assert)) {
      if (typeof assert[name] === 'function') out[name] = (...words) => { counted++; return assert[name](...words); };
    }
    return out;
  };
  let assertions;
  async function runSub(title, options, body) {
    const id = `${test.id} > ${title}`;
    const sub = { id, title, parent: test.parent, run: body, words: undefined, mode: options.skip || options.mode === 'skip' ? 'skip' : options.todo || options.mode === 'todo' ? 'todo' : 'run' };
    suites.children?.(test.id, id);
    if (sub.mode !== 'run' || typeof body !== 'function') {
      suites.results.set(id, { outcome: sub.mode === 'run' ? 'passed' : 'skipped' });
      return;
    }
    const inner = makeContext(suites, sub);
    let result = { outcome: 'passed' };
    try {
      for (const hook of hooks.beforeEach) await suites.call(hook, test.parent, sub, inner, undefined);
      await suites.call(body, test.parent, sub, inner, options.timeout);
      await inner.ec_finish();
      for (const hook of hooks.afterEach) await suites.call(hook, test.parent, sub, inner, undefined);
      if (inner.ec_skipped || inner.ec_todo) result = { outcome: 'skipped' };
    } catch (error) {
      result = { outcome: 'failed', error };
      if (!failed) failed = { error };
    }
    await inner.ec_cleanup();
    suites.results.set(id, result);
  }
  const members = {
    name: test.title,
    fullName: test.title,
    diagnostic() {},
    runOnly() {},
    skip() { hide('ec_skipped', true); },
    todo() { hide('ec_todo', true); },
    plan(count) { planned = count; },
    before(run) { hooks.before.push(run); },
    after(run) { hooks.after.push(run); },
    beforeEach(run) { hooks.beforeEach.push(run); },
    afterEach(run) { hooks.afterEach.push(run); },
    test(...words) {
      const { title, options, body } = parts(words);
      counted++;
      // Subtests run one after another, the first at once, as node:test does without concurrency.
      const run = () => runSub(title, { ...options }, body);
      queue = queue ? queue.then(run) : run();
      subtests.push(queue);
      return queue;
    },
  };
  const hide = (name, value) => Object.defineProperty(context, name, { value, writable: true, configurable: true, enumerable: false });
  Object.assign(context, members);
  Object.defineProperty(context, 'assert', { get: () => (assertions ||= countingAssert()), configurable: true });
  let signal;
  Object.defineProperty(context, 'signal', { get: () => (signal ||= new AbortController().signal), configurable: true });
  let tracker;
  Object.defineProperty(context, 'mock', { get: () => (tracker ||= new MockTracker()), configurable: true });
  hide('ec_finish', async () => {
    for (const subtest of subtests) await subtest;
    if (failed) {
      const error = new Error(`${subtests.length} subtest(s), one failed: ${failed.error && failed.error.message}`);
      error.cause = failed.error;
      error.ec_subtests = true;
      throw error;
    }
    if (planned !== undefined && planned !== counted) throw new Error(`plan expected ${planned} assertions but received ${counted}`);
  });
  hide('ec_cleanup', async () => {
    if (tracker) tracker.reset();
    for (const run of hooks.after) await suites.call(run, test.parent, null, context, undefined);
  });
  return context;
}

module.exports = { createNodeTest, makeContext };
