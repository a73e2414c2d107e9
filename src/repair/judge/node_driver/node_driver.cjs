// The Node judge driver: speaks the judge protocol on descriptors 3 and 4 and judges many candidates in one process, each
// in a fresh context. Started inside the sandbox as `node --experimental-vm-modules node_driver.cjs`.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { World } = require('./ec_world.cjs');
const { Loader } = require('./ec_loader.cjs');
const { Runner } = require('./ec_runner.cjs');
const { Sources } = require('./ec_sources.cjs');
const { discover } = require('./ec_discover.cjs');
const { firstLine } = require('./ec_frames.cjs');
const { runBaseline } = require('./ec_baseline.cjs');
const { Keeper, DiskCopy } = require('./ec_keeper.cjs');
const { observe } = require('./ec_observe.cjs');
const { TapFront } = require('./ec_tap.cjs');
const { SkipRequest } = require('./ec_suites.cjs');

const REQUEST_FD = 3;
const ANSWER_FD = 4;
/// A process that holds more dead contexts than this spends its time on collecting garbage: a fresh one is cheaper.
const MOST_LEAKED = 1000;
const nap = new Int32Array(new SharedArrayBuffer(4));

/// Exactly `count` bytes of the request stream, or null at its end.
function readExactly(count) {
  const bytes = Buffer.alloc(count);
  for (let at = 0; at < count;) {
    try {
      const got = fs.readSync(REQUEST_FD, bytes, at, count - at, null);
      if (got === 0) return null;
      at += got;
    } catch (error) {
      if (error.code !== 'EAGAIN') return null;
      Atomics.wait(nap, 0, 0, 1);
    }
  }
  return bytes;
}

function readFrame() {
  const head = readExactly(4);
  if (!head) return null;
  const body = readExactly(head.readUInt32LE(0));
  return body && JSON.parse(body.toString('utf8'));
}

/// Half a surrogate pair would be JSON that not every reader takes.
function wellFormed(key, value) {
  return typeof value === 'string' && /[\ud800-\udfff]/.test(value) ? Buffer.from(value).toString() : value;
}

const realWrite = fs.writeSync;
function writeFrame(value) {
  const body = Buffer.from(JSON.stringify(value, wellFormed));
  const frame = Buffer.alloc(4 + body.length);
  frame.writeUInt32LE(body.length, 0);
  body.copy(frame, 4);
  for (let at = 0; at < frame.length;) {
    try {
      at += realWrite(ANSWER_FD, frame, at, frame.length - at);
    } catch (error) {
      if (error.code !== 'EAGAIN') process.reallyExit(1);
      Atomics.wait(nap, 0, 0, 1);
    }
  }
}

class Driver {
  constructor() {
    this.runner = new Runner();
    this.disk = new DiskCopy();
  }

  // start ------------------------------------------------------------------------------------------------------------

  start(request) {
    if (Number(process.versions.node.split('.')[0]) < 18) throw new Error('the node driver needs Node 18 or newer');
    const root = fs.realpathSync(request.root);
    const directory = path.resolve(root, request.directory || '.');
    process.chdir(directory);
    const plan = discover(request.framework, request.arguments || [], directory);
    if (plan.files.length === 0) throw new Error('there are no test files');
    const sources = new Sources(root);
    if (plan.files.some((file) => /\.[cm]?tsx?$/.test(file))) sources.javascript('probe.ts', Buffer.from(''));
    this.project = {
      root, directory, plan, sources,
      framework: request.framework,
      scriptWords: (request.arguments || []).slice(1),
      marker: '',
      seed: request.seed || 0,
    };
    this.keeper = new Keeper(root, request.dirty || [], null);
    this.tap = request.framework === 'tape' ? new TapFront(this) : null;
    return { type: 'started', runtime: process.versions.node };
  }

  makeWorld(edited, main) {
    const hooks = {
      onError: (error) => this.runner.stray(error),
      enter: (realm, callback) => this.runner.enter(realm, callback),
      ticked: (realm) => this.runner.ticked(realm),
      onStarter: () => this.disk.show(edited),
    };
    return new World(this.project, hooks, edited, main);
  }

  /// The project's folder as the next candidate must find it.
  cleanUp() {
    this.disk.hide();
    this.keeper.restore();
  }

  // judge ------------------------------------------------------------------------------------------------------------

  editedTexts(edits) {
    const byFile = new Map();
    for (const edit of edits) {
      const file = path.resolve(this.project.root, edit.file);
      byFile.set(file, [...(byFile.get(file) || []), edit]);
    }
    const edited = new Map();
    for (const [file, list] of byFile) edited.set(file, this.project.sources.edited(file, list));
    return edited;
  }

  async judge(request) {
    if (this.tap) await this.surveyTap();
    for (let index = 0; index < request.candidates.length; index++) {
      const began = process.hrtime.bigint();
      this.runner.watchdog.index = index;
      const judgement = await this.judgeOne(request.candidates[index], request.tests, request.limit_ms || 1000);
      judgement.us = Number((process.hrtime.bigint() - began) / 1000n);
      writeFrame({ type: 'judgement', index, ...judgement });
      // What this candidate left behind would be there for the next ones: they go to a fresh process.
      if (judgement.polluted) process.reallyExit(0);
    }
    this.runner.watchdog.index = -1;
  }

  async judgeOne(candidate, tests, limit) {
    let edited;
    try {
      edited = this.editedTexts(candidate.edits || []);
    } catch (error) {
      return { verdict: 'invalid', message: firstLine(error), passed: 0 };
    }
    const state = { worlds: new Map(), passed: 0, at: tests[0] };
    this.runner.late.length = 0;
    const whole = limit + (this.tap ? this.tap.loadTime : 0);
    const outcome = await this.runner.start(whole, () => state.worlds.values(), () => this.runTests(state, edited, tests), (finish) => this.onIdle(state, finish));
    let judgement;
    if (outcome.timedOut) judgement = { verdict: 'timeout', stopped_at: state.at, message: `no result within ${limit} ms`, passed: state.passed };
    else if (outcome.error) judgement = { verdict: 'fail', stopped_at: state.at, message: firstLine(outcome.error), passed: state.passed };
    else judgement = { passed: state.passed, ...outcome.value };
    let clean = true;
    for (const world of state.worlds.values()) clean = world.realm.close() && clean;
    this.cleanUp();
    if (!clean || this.runner.late.length > 0 || Loader.leaked > MOST_LEAKED) judgement.polluted = true;
    return judgement;
  }

  /// A lane that saw no baseline has to learn the names of the assertions first.
  async surveyTap() {
    if (this.tap.table) return;
    const state = { worlds: new Map() };
    const nothing = () => {};
    const start = (body) => this.runner.start(30000, () => state.worlds.values(), body, (finish) => this.onIdle(state, finish));
    await this.tap.survey(state, start, { onStep: nothing, onBegin: nothing, onResult: nothing });
    for (const world of state.worlds.values()) world.realm.close();
    this.cleanUp();
  }

  onIdle(state, finish) {
    const error = new Error('Promise resolution is still pending but the event loop has already resolved');
    for (const world of state.worlds.values()) {
      if (world.idle) return world.idle();
      if (world.suites.stray(error)) return undefined;
    }
    return finish({ error });
  }

  async worldFor(state, edited, file) {
    const key = this.project.framework === 'mocha' ? '' : file;
    let world = state.worlds.get(key);
    if (!world) {
      world = this.makeWorld(edited, file);
      state.worlds.set(key, world);
      Object.getPrototypeOf(world.loader).constructor.makeCurrent(world.loader);
    }
    await world.load(file);
    return world;
  }

  async runTests(state, edited, tests) {
    if (this.tap) return this.tap.judge(state, edited, tests);
    const fail = (id, error) => ({ verdict: 'fail', stopped_at: id, message: firstLine(error) });
    for (const id of tests) {
      state.at = id;
      const name = id.split(' > ')[0];
      const file = path.resolve(this.project.root, name);
      let world;
      try {
        world = await this.worldFor(state, edited, file);
      } catch (error) {
        return id === name ? fail(id, error) : { ...fail(id, error), verdict: 'invalid' };
      }
      const problem = await this.runId(world, id, name);
      if (problem) return fail(id, problem.error);
      state.passed++;
    }
    for (const world of state.worlds.values()) {
      for (const failure of await world.suites.finish()) return fail(failure.id, failure.error);
      if (world.strayErrors) return fail(state.at, world.strayErrors[0]);
    }
    return { verdict: 'pass' };
  }

  /// Runs the test `id`; {error} when it did not pass.
  async runId(world, id, name) {
    const test = world.find(id);
    if (!test) {
      if (id !== name) return { error: new Error('the test is gone') };
      return this.runWhole(world);
    }
    await world.suites.runTest(test);
    const result = world.suites.results.get(id);
    if (!result) return { error: new Error('the test is gone') };
    if (result.outcome === 'failed') return { error: result.error };
    if (result.outcome !== 'passed') return { error: result.error || new Error('the test was skipped') };
    return this.escaped(world);
  }

  /// A file that is a test as a whole: what it registered runs, the event loop runs dry, and it leaves with 0.
  async runWhole(world) {
    for (const test of world.suites.inOrder()) {
      const result = await world.suites.runTest(test);
      if (result.outcome === 'failed') return { error: result.error };
    }
    if (!world.realm.exited) {
      await new Promise((resolve) => { world.idle = resolve; });
      world.idle = undefined;
      try {
        world.realm.processEvents.emit('beforeExit', 0);
        world.realm.processEvents.emit('exit', world.realm.process.exitCode || 0);
      } catch (error) {
        return { error };
      }
    }
    if (world.leftByItself()) return null;
    if (world.realm.process.exitCode) return { error: new Error(`the process would end with exit code ${world.realm.process.exitCode}`) };
    return this.escaped(world);
  }

  escaped(world) {
    if (world.realm.exited) return { error: new Error(`process.exit(${world.realm.exitCode}) was called`) };
    if (world.strayErrors) return { error: world.strayErrors[0] };
    return null;
  }

  // ------------------------------------------------------------------------------------------------------------------

  async handle(request) {
    if (request.type === 'start') writeFrame(this.start(request));
    else if (request.type === 'baseline') writeFrame(await runBaseline(this, request));
    else if (request.type === 'judge') await this.judge(request);
    else if (request.type === 'observe') writeFrame(await observe(this, request));
    else throw new Error(`unknown request ${request.type}`);
  }
}

function serve() {
  const driver = new Driver();
  const next = () => {
    const request = readFrame();
    if (request === null) process.reallyExit(0);
    driver.handle(request).catch((error) => {
      writeFrame({ type: 'error', message: error instanceof SkipRequest ? 'skipped' : firstLine(error) });
    }).then(() => setImmediate(next));
  };
  next();
}

serve();
