// Tests of tape: the project's own copy of it runs inside the world, and what it reports is named as the TAP reader of the
// command's output names it. An assertion is a test; the functions that hold those which are asked for run alone.
'use strict';

const path = require('node:path');

/// What the TAP stream says of an assertion: {text, skipped}.
function describe(result, count) {
  let text = result.name ? oneLine(result.name).trim() : '';
  if (text.startsWith('- ')) text = text.slice(2);
  const directive = /(?<!\\)#\s*(?:skip|todo)/i.exec(text);
  if (directive) text = text.slice(0, directive.index).trim();
  return { text: text || `test ${count}`, skipped: Boolean(directive || result.skip || result.todo) };
}

function oneLine(text) {
  return String(text).replace(/\s+/g, ' ');
}

/// The assertions of an unchanged program: by id, and what they are called from one run to the next.
class TapTable {
  constructor() {
    this.entries = new Map();
    this.ids = new Map();
    this.times = new Map();
  }

  add(identity, owner, heading, text) {
    const name = heading ? `${heading} > ${text}` : text;
    const times = (this.times.get(name) || 0) + 1;
    this.times.set(name, times);
    const id = times > 1 ? `${name} (${times})` : name;
    this.entries.set(id, owner);
    this.ids.set(identity, id);
    return id;
  }
}

/// One run of tape in one world. `hooks`: onBegin(owner, test) and onResult(owner, identity, facts, result).
class TapRun {
  /// `wanted`: the owners (with those around them) to run; null for all.
  constructor(world, wanted, hooks) {
    Object.assign(this, { world, wanted, hooks });
    this.owners = new Map();
    this.siblings = new Map();
    this.times = new Map();
    this.heading = '';
    this.count = 0;
  }

  /// Loads the files of the wanted tests.
  async load(files) {
    const { loader, project } = this.world;
    const from = loader.makeRequire(loader.makeModule(path.join(project.directory, 'package.json'), null));
    const tape = from('tape');
    this.tape = tape;
    this.watch(from('tape/lib/test').prototype);
    if (typeof tape.wait !== 'function') throw new Error('this version of tape is not played by the node driver');
    tape.wait();
    tape.createStream({ objectMode: true });
    const { _tests: registered } = tape.getHarness();
    if (registered === undefined) throw new Error('this version of tape is not played by the node driver');
    for (const file of files) {
      const before = registered.length;
      await this.world.load(file);
      for (const test of registered.slice(before)) this.own(test, this.world.relative(file));
    }
  }

  own(test, parent) {
    const name = `${parent}\0${test.name}`;
    const nth = (this.siblings.get(name) || 0) + 1;
    this.siblings.set(name, nth);
    this.owners.set(test, `${name}\0${nth}`);
  }

  watch(prototype) {
    const self = this;
    const { run } = prototype;
    prototype.run = function runWatched() {
      self.begin(this);
      return run.apply(this, arguments);
    };
  }

  begin(test) {
    if (!this.owners.has(test)) this.own(test, '');
    const owner = this.owners.get(test);
    const mark = test._skip ? 'SKIP ' : test._todo ? 'TODO ' : '';
    this.heading = `${mark}${oneLine(test.name)}`.trim();
    this.hooks.onBegin(owner, test);
    if (this.wanted && !this.wanted.has(owner)) {
      test._cb = (unasked) => unasked.end();
      return;
    }
    test.on('test', (child) => this.own(child, owner));
    test.on('result', (result) => this.take(owner, result));
  }

  take(owner, result) {
    if (typeof result === 'string') {
      if (result.trim()) this.heading = result.trim();
      return;
    }
    const facts = describe(result, ++this.count);
    const name = `${owner}\0${facts.text}`;
    const nth = (this.times.get(name) || 0) + 1;
    this.times.set(name, nth);
    this.hooks.onResult(owner, `${name}\0${nth}`, { ...facts, heading: this.heading }, result);
  }

  /// Runs what is loaded; done when tape is, or when nothing is left that could go on: {error} for what would end the
  /// process.
  async finish() {
    const { world } = this;
    await new Promise((resolve) => {
      world.idle = resolve;
      this.stop = resolve;
      this.tape.onFinish(resolve);
      this.tape.run();
    });
    world.idle = undefined;
    if (world.strayErrors) return { error: world.strayErrors[0] };
    if (world.realm.exited) return { error: new Error(`process.exit(${world.realm.exitCode}) was called`) };
    if (!this.stopped) {
      try {
        world.realm.processEvents.emit('exit', 0);
      } catch {
        // tape leaves by process.exit().
      }
    }
    return {};
  }
}

/// An owner and those around it.
function withParents(owner) {
  const parts = owner.split('\0');
  const all = [];
  for (let end = 3; end <= parts.length; end += 2) all.push(parts.slice(0, end).join('\0'));
  return all;
}

const fileOf = (owner) => owner.slice(0, owner.indexOf('\0'));

/// The error of a failed assertion, told by what was expected.
function errorOf(result) {
  const { error, actual } = result;
  const stack = (actual !== null && typeof actual === 'object' && actual.stack) || (error && error.stack) || '';
  return { name: 'AssertionError', message: oneLine(result.name), stack: String(stack) };
}

/// Judges candidates and looks at the unchanged program for the Driver.
class TapFront {
  constructor(driver) {
    this.driver = driver;
    this.table = null;
    /// Milliseconds for loading what a candidate needs, on top of the limit for its tests.
    this.loadTime = 0;
  }

  files() {
    return this.driver.project.plan.files;
  }

  /// Runs the unchanged program: the table of its assertions. `start` runs a body under a time limit.
  async survey(state, start, hooks) {
    const table = new TapTable();
    const world = this.driver.makeWorld(new Map(), this.files()[0]);
    state.worlds.set('', world);
    Object.getPrototypeOf(world.loader).constructor.makeCurrent(world.loader);
    const run = new TapRun(world, null, {
      onBegin: (owner, test) => hooks.onBegin(owner, test),
      onResult: (owner, identity, facts, result) => {
        hooks.onResult(table.add(identity, owner, facts.heading, facts.text), owner, facts, result);
      },
    });
    const began = performance.now();
    for (const body of [() => run.load(this.files()), () => run.finish()]) {
      const outcome = await start(body);
      hooks.onStep();
      this.loadTime ||= Math.ceil(performance.now() - began);
      const error = outcome.timedOut ? new Error('the tests did not end in time') : outcome.error || (outcome.value && outcome.value.error);
      // The command's report ends here, and its tests cannot be told one by one.
      if (error) throw error;
    }
    this.table = table;
  }

  /// One pass of the baseline.
  async pass(pass) {
    const state = { worlds: new Map() };
    const lines = new Map();
    const found = [];
    let current = null;
    const note = () => {
      const taken = pass.coverage.take();
      if (current === null) pass.merge(taken);
      else lines.set(current, [...(lines.get(current) || []), taken]);
    };
    const texts = new Map();
    const began = new Map();
    await this.survey(state, (body) => pass.start(state, body), {
      onStep: note,
      onBegin: (owner, test) => {
        note();
        current = owner;
        texts.set(owner, test._cb ? Function.prototype.toString.call(test._cb) : '');
        began.set(owner, process.hrtime.bigint());
      },
      onResult: (id, owner, facts, result) => {
        const us = Number((process.hrtime.bigint() - began.get(owner)) / 1000n);
        found.push({ id, owner, us, value: facts.skipped ? { outcome: 'skipped' } : result.ok ? { outcome: 'passed' } : { outcome: 'failed', error: errorOf(result) } });
      },
    }).finally(() => pass.close(state));
    const merged = new Map([...lines].map(([owner, parts]) => [owner, pass.merged(parts)]));
    for (const { id, owner, us, value } of found) {
      if (pass.only && !pass.only.has(id)) continue;
      pass.add(id, { value }, us, merged.get(owner) || {});
      if (value.outcome === 'failed') pass.functions.push({ id, text: texts.get(owner) });
    }
  }

  /// Judges by the tests `ids`; the first one's function runs by itself first, as most candidates fail it.
  async judge(state, edited, ids) {
    for (const id of ids) if (!this.table.entries.has(id)) return { verdict: 'fail', stopped_at: id, message: 'the test is gone', passed: 0 };
    const first = ids.filter((id) => this.table.entries.get(id) === this.table.entries.get(ids[0]));
    if (first.length < ids.length) {
      const judgement = await this.round(state, edited, first);
      if (judgement.verdict !== 'pass') return judgement;
    }
    return this.round(state, edited, ids);
  }

  async round(state, edited, ids) {
    const { table } = this;
    const asked = new Set(ids);
    const passed = new Set();
    const wanted = new Set(ids.flatMap((id) => withParents(table.entries.get(id))));
    const names = new Set([...wanted].map(fileOf));
    const files = this.files().filter((file) => names.has(path.relative(this.driver.project.root, file).split(path.sep).join('/')));
    const world = this.driver.makeWorld(edited, files[0]);
    state.worlds.set(state.worlds.size, world);
    Object.getPrototypeOf(world.loader).constructor.makeCurrent(world.loader);
    let failure = null;
    const run = new TapRun(world, wanted, {
      onBegin: () => {},
      onResult: (owner, identity, facts, result) => {
        const id = table.ids.get(identity);
        const bad = !result.ok && !facts.skipped;
        if (bad ? id === undefined || asked.has(id) : facts.skipped && asked.has(id)) {
          failure ||= { id: id || ids.find((one) => !passed.has(one)) || ids.at(-1), message: oneLine(result.name) };
          run.stopped = true;
          run.stop();
        } else if (asked.has(id)) passed.add(id);
      },
    });
    const left = () => ids.find((id) => !passed.has(id));
    const fail = (id, message) => ({ verdict: 'fail', stopped_at: id, message, passed: passed.size });
    state.at = ids[0];
    await run.load(files);
    const { error } = await run.finish();
    if (failure) return fail(failure.id, failure.message);
    if (error) return fail(left() || ids.at(-1), String((error && error.message) || error).split('\n')[0].slice(0, 500));
    if (left() !== undefined) return fail(left(), 'the test is gone');
    state.passed = passed.size;
    return { verdict: 'pass', passed: passed.size };
  }
}

module.exports = { TapFront };
