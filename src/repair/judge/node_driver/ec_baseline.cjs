// The baseline: every test of the unchanged program with its line coverage, failing ones repeated in fresh worlds.
'use strict';

const path = require('node:path');
const { Coverage } = require('./ec_coverage.cjs');
const { Keeper, Snapshot } = require('./ec_keeper.cjs');
const { firstLine, details, frames, literals } = require('./ec_frames.cjs');

const NOTHING = { take: () => ({}) };

class Pass {
  /// One run of all tests, or of those in `only` (set of ids), with coverage from `coverage`.
  constructor(driver, deadline, coverage, only) {
    Object.assign(this, { driver, deadline, coverage, only });
    this.tests = [];
    this.importLines = {};
    this.functions = [];
  }

  limit() {
    const left = this.deadline - Date.now();
    return Math.max(50, Math.min(10000, left / 4));
  }

  start(state, body) {
    const { runner } = this.driver;
    return runner.start(this.limit(), () => state.worlds.values(), body, (finish) => this.driver.onIdle(state, finish));
  }

  async run() {
    const { plan, framework, root } = this.driver.project;
    if (this.driver.tap) return this.driver.tap.pass(this);
    const groups = framework === 'mocha' ? [plan.files] : plan.files.map((file) => [file]);
    for (const files of groups) {
      const names = files.map((file) => path.relative(root, file).split(path.sep).join('/'));
      if (this.only && ![...this.only].some((id) => names.includes(id.split(' > ')[0]))) continue;
      if (Date.now() > this.deadline) throw new Error('the tests took longer than the time for the baseline');
      await this.runGroup(files, names);
    }
    return undefined;
  }

  async runGroup(files, names) {
    const state = { worlds: new Map() };
    for (const file of files) {
      const loaded = await this.start(state, () => this.driver.worldFor(state, new Map(), file));
      merge(this.importLines, this.coverage.take());
      if (loaded.error || loaded.timedOut) {
        this.add(names[files.indexOf(file)], loaded, 0, {});
        this.close(state);
        return;
      }
    }
    const [world] = state.worlds.values();
    await this.runRegistered(state, world);
    if (files.length === 1 && world.suites.tests.size === 0 && ['node-test', 'script'].includes(this.driver.project.framework)) {
      await this.timed(state, names[0], async () => {
        const problem = await this.driver.runWhole(world);
        return problem ? { outcome: 'failed', error: problem.error } : { outcome: 'passed' };
      });
    }
    const ended = await this.start(state, () => world.suites.finish());
    for (const failure of ended.value || []) this.add(failure.id, { error: failure.error }, 0, this.coverage.take());
    this.close(state);
  }

  async runRegistered(state, world) {
    const { grep } = this.driver.project.plan;
    for (const test of world.suites.inOrder()) {
      const titles = [...test.parent.path, test.title];
      if (grep && !grep(titles, titles.join(' '))) continue;
      if (this.only && ![...this.only].some((id) => id === test.id || id.startsWith(`${test.id} > `))) continue;
      await this.timed(state, test.id, async () => {
        const result = await world.suites.runTest(test);
        const escaped = result.outcome === 'passed' && this.driver.escaped(world);
        return escaped ? { outcome: 'failed', error: escaped.error } : result;
      }, test, world);
      world.strayErrors = undefined;
    }
  }

  async timed(state, id, body, test, world) {
    this.coverage.take();
    const began = process.hrtime.bigint();
    const result = await this.start(state, body);
    const us = Number((process.hrtime.bigint() - began) / 1000n);
    const lines = this.coverage.take();
    if (result.timedOut && world) world.suites.active = null;
    const subtests = world ? [...world.suites.results].filter(([name]) => name.startsWith(`${id} > `) && !world.suites.tests.has(name)) : [];
    for (const [name, outcome] of subtests) this.add(name, { value: outcome }, us, lines);
    // The runners do not report a parent that failed only because a subtest did.
    const blamed = result.value && result.value.error;
    if (!(blamed && blamed.ec_subtests)) this.add(id, result, us, lines);
    if (test && typeof test.run === 'function') this.functions.push({ id, text: Function.prototype.toString.call(test.run) });
  }

  add(id, { value, error, timedOut }, us, lines) {
    let outcome = timedOut || error ? 'failed' : value.outcome;
    const reason = timedOut ? new Error('the test did not end in time') : error || (value && value.error);
    if (outcome === 'failed' && error) outcome = 'error';
    const failed = outcome !== 'passed' && outcome !== 'skipped';
    this.tests.push({
      id, outcome, duration_us: us,
      message: failed ? firstLine(reason) : '',
      details: failed ? details(reason) : '',
      frames: failed ? frames(reason, (file) => this.driver.project.sources.projectPath(file)) : [],
      flaky: false, hung: Boolean(timedOut), lines,
    });
  }

  merge(lines) {
    merge(this.importLines, lines);
  }

  merged(parts) {
    const all = {};
    for (const part of parts) merge(all, part);
    return all;
  }

  close(state) {
    for (const world of state.worlds.values()) world.realm.close();
  }
}

function merge(into, lines) {
  for (const [file, list] of Object.entries(lines)) {
    into[file] = into[file] ? [...new Set([...into[file], ...list])].sort((a, b) => a - b) : list;
  }
}

async function runBaseline(driver, request) {
  const { sources } = driver.project;
  const deadline = Date.now() + (request.limit_ms || 60000);
  const coverage = new Coverage(sources, (file) => sources.javascript(file, sources.bytes(file)), (file) => sources.headOf(file));
  driver.project.marker = '//ec';
  sources.dropScripts();
  coverage.start();
  const before = new Snapshot(driver.project.root);
  const measured = new Pass(driver, deadline, coverage, null);
  try {
    await measured.run();
  } finally {
    coverage.stop();
    driver.project.marker = '';
    sources.dropScripts();
  }
  const files = before.changes();
  driver.keeper = new Keeper(driver.project.root, files, before);
  driver.cleanUp();
  const isRed = (test) => test.outcome === 'failed' || test.outcome === 'error';
  const red = measured.tests.filter(isRed);
  for (let repeat = 1; repeat < (request.repeats || 1) && red.length > 0; repeat++) {
    const again = new Pass(driver, deadline, NOTHING, new Set(red.map((test) => test.id)));
    await again.run();
    driver.cleanUp();
    const outcomes = new Map(again.tests.map((test) => [test.id, test.outcome]));
    for (const test of red) if (outcomes.get(test.id) !== test.outcome) test.flaky = true;
  }
  driver.knownTests = measured.tests.map((test) => test.id);
  const redIds = new Set(red.map((test) => test.id));
  const texts = measured.functions.filter(({ id }) => redIds.has(id) || red.some((test) => test.id.startsWith(`${id} > `))).map(({ text }) => text);
  for (const test of red) if (!test.id.includes(' > ')) texts.push(textOf(driver, test.id));
  return { type: 'baseline', tests: measured.tests, import_lines: measured.importLines, constants: literals(texts), dirty: files.length > 0, files };
}

function textOf(driver, name) {
  try {
    return driver.project.sources.bytes(path.resolve(driver.project.root, name)).toString('utf8');
  } catch {
    return '';
  }
}

module.exports = { runBaseline };
