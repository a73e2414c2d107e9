// Runs code under test from the event loop: every entry has a time limit that also ends synchronous loops and loops of
// promises, and a run that waits for something is given up when nothing is left that could wake it.
'use strict';

const vm = require('node:vm');
const { performance } = require('node:perf_hooks');

const { ExitRequest } = require('./ec_realm.cjs');
const { Watchdog } = require('./ec_watchdog.cjs');

const SLOT = Symbol.for('ec.slot');
const entry = new vm.Script("globalThis[Symbol.for('ec.slot')]()", { filename: 'ec:entry' });

class Runner {
  constructor() {
    this.run = null;
    this.inside = false;
    this.late = [];
    this.deferred = [];
    this.watchdog = new Watchdog();
    // Handles of the driver's own: its standard streams (opened by the first worker thread at the latest).
    this.ownHandles = [process.stdout, process.stderr] && process.getActiveResourcesInfo().length;
    process.on('uncaughtException', (error) => this.stray(error));
    process.on('unhandledRejection', (error, promise) => this.stray(error, promise));
  }

  /// Runs `body` (which may return a promise) as one turn of the event loop with `limit` milliseconds for everything it
  /// causes. Never rejects: {value}, {error} or {timedOut: true}. `worlds()` are the worlds it may wake; `onIdle` is
  /// asked what to do when nothing can happen any more.
  start(limit, worlds, body, onIdle) {
    return new Promise((resolve) => {
      setImmediate(() => {
        const run = { deadline: performance.now() + limit, worlds, done: false, outcome: null, resolve, onIdle, idleTurns: 0 };
        this.run = run;
        for (const [realm, callback] of this.deferred.splice(0)) if (!run.done) this.enter(realm, callback);
        if (run.done) return;
        this.enter(null, () => {
          new Promise((done) => { done(body()); }).then((value) => this.finish(run, { value }), (error) => this.finish(run, { error }));
        });
        if (!run.done) {
          run.timer = setTimeout(() => this.finish(run, { timedOut: true }), Math.max(1, run.deadline - performance.now()));
          this.watchdog.arm(run.deadline - performance.now());
          this.poll(run, 0);
        }
      });
    });
  }

  finish(run, outcome) {
    if (run.done) return;
    run.done = true;
    run.outcome = outcome;
    if (run.timer) this.watchdog.disarm();
    clearTimeout(run.timer);
    // Not from within a time limit: what follows belongs to the driver.
    if (!this.inside) this.settle(run);
    else if (run !== this.run) setImmediate(() => this.settle(run));
  }

  settle(run) {
    if (run.settled) return;
    run.settled = true;
    if (this.run === run) this.run = null;
    run.resolve(run.outcome);
  }

  /// Runs a callback of the program, and every tick and promise reaction it leads to, within the limit of the run.
  enter(realm, callback) {
    const { run } = this;
    if (realm && !realm.alive) return;
    if (!run) {
      // Between two runs of one world; the next one goes on with it.
      this.deferred.push([realm, callback]);
      return;
    }
    if (this.inside) {
      callback();
      return;
    }
    const left = Math.ceil(run.deadline - performance.now());
    if (left < 1) {
      this.finish(run, { timedOut: true });
      return;
    }
    this.inside = true;
    globalThis[SLOT] = () => {
      callback();
      do process._tickCallback(); while (this.runTicks(run));
    };
    try {
      entry.runInThisContext({ timeout: left });
    } catch (error) {
      if (error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') this.finish(run, { timedOut: true });
      else this.stray(error);
    } finally {
      this.inside = false;
    }
    if (run.done) this.settle(run);
  }

  runTicks(run) {
    let any = false;
    for (const world of run.worlds()) any = world.realm.runTicks() || any;
    return any;
  }

  /// A tick was queued; inside a run enter() drains it, else the event loop has to.
  ticked(realm) {
    if (!this.inside) setImmediate(() => this.enter(realm, () => {}));
  }

  poll(run, turns) {
    const next = () => {
      if (run.done) return;
      if (this.idle(run)) {
        if (++run.idleTurns >= 3) {
          run.idleTurns = 0;
          this.enter(null, () => run.onIdle((outcome) => this.finish(run, outcome)));
        }
      } else run.idleTurns = 0;
      if (!run.done) this.poll(run, turns + 1);
    };
    if (turns < 20) setImmediate(next);
    else {
      run.poller = setTimeout(next, 2);
      run.poller.unref();
    }
  }

  /// Nothing that could call back: no timer, no open handle, no request in flight. The deadline is one timer of ours.
  idle(run) {
    let timers = 0;
    for (const world of run.worlds()) timers += world.realm.timers.size;
    if (timers > 0) return false;
    return process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length <= this.ownHandles + 1;
  }

  /// An error nobody caught: it belongs to the world whose values it is made of, else to a candidate that is over.
  stray(error, promise) {
    const { run } = this;
    const worlds = run ? [...run.worlds()] : [];
    const left = error instanceof ExitRequest;
    if (left && worlds.some((world) => world.leftByItself())) return;
    const owner = left ? worlds.find((world) => world.realm.exited) : worlds.find(({ realm: { intrinsics } }) => (promise && Object.getPrototypeOf(promise) === intrinsics.Promise.prototype) ||
      (error !== null && typeof error === 'object' && intrinsics.Error.prototype.isPrototypeOf(error)));
    const foreign = error !== null && typeof error === 'object' && !(error instanceof Error) && !owner;
    if (!run || run.done || foreign) {
      this.late.push(error);
      return;
    }
    const world = owner || worlds.find((candidate) => candidate.suites.active) || worlds.at(-1);
    if (world && world.suites.stray(error)) return;
    if (world) world.strayErrors = [...(world.strayErrors || []), error];
    else this.finish(run, { error });
  }
}

module.exports = { Runner };
