// One fresh JavaScript world per candidate: a vm context with Node's globals, a process object of its own, timers that
// die with it, and builtin modules whose monkeypatches are taken back afterwards.
//
// Builtins stay main-realm objects. Where that would show (instanceof, deepStrictEqual, AssertionError) the difference
// is bridged here, so that a test cannot tell the context from a process of its own.
'use strict';

const vm = require('node:vm');
const util = require('node:util');
const { EventEmitter } = require('node:events');
const { fileURLToPath } = require('node:url');
const { createAssert } = require('./ec_assert.cjs');

const HOOK_NAMES = ['Object', 'Array', 'Function', 'Error', 'TypeError', 'RangeError', 'SyntaxError', 'ReferenceError',
  'EvalError', 'URIError', 'AggregateError', 'Promise', 'Map', 'Set', 'WeakMap', 'WeakSet', 'Date', 'RegExp'];
// Views over memory that builtins hand out (Buffer, TextEncoder) must be the candidate's own classes.
const SHARED_NAMES = ['ArrayBuffer', 'Uint8Array'];
const SKIPPED_GLOBALS = new Set(['globalThis', 'global', 'process', 'console', 'structuredClone', 'queueMicrotask',
  'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'localStorage', 'sessionStorage']);

/// Builtins that start programs or threads, which read the project from the disk.
const STARTERS = new Set(['child_process', 'worker_threads', 'cluster']);

const prelude = new vm.Script(`(function () {
  'use strict';
  class AssertionError extends Error {
    constructor(options) {
      super(options.message);
      Object.defineProperty(this, 'name', { value: 'AssertionError', enumerable: false, writable: true, configurable: true });
      this.generatedMessage = options.generatedMessage === true;
      this.code = 'ERR_ASSERTION';
      this.actual = options.actual;
      this.expected = options.expected;
      this.operator = options.operator;
    }
  }
  const names = ${JSON.stringify(HOOK_NAMES.concat(['JSON', 'Uint8Array', 'ArrayBuffer']))};
  const intrinsics = { AssertionError };
  for (const name of names) intrinsics[name] = globalThis[name];
  intrinsics.object = () => ({});
  intrinsics.evaluate = (text) => (0, eval)('(' + text + ')');
  intrinsics.array = (length, get) => { const out = []; for (let i = 0; i < length; i++) out.push(get(i)); return out; };
  return intrinsics;
})()`, { filename: 'ec:prelude' });

let globalTemplate = null;

/// Descriptors of what Node adds to the language's own globals; accessors are read when first asked for.
function nodeGlobals(context) {
  if (globalTemplate) return globalTemplate;
  const own = new Set(Object.getOwnPropertyNames(vm.runInContext('globalThis', context)));
  globalTemplate = {};
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (own.has(name) || SKIPPED_GLOBALS.has(name)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
    if ('value' in descriptor) {
      globalTemplate[name] = { ...descriptor, configurable: true };
    } else {
      globalTemplate[name] = {
        configurable: true,
        enumerable: descriptor.enumerable,
        get() { return globalThis[name]; },
        set(value) { Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true }); },
      };
    }
  }
  for (const name of SHARED_NAMES) globalTemplate[name] = { value: globalThis[name], writable: true, configurable: true };
  return globalTemplate;
}

const ordinaryHasInstance = Function.prototype[Symbol.hasInstance];

function bridgeInstanceof(intrinsics) {
  for (const name of HOOK_NAMES) {
    const mine = intrinsics[name];
    const main = globalThis[name];
    Object.defineProperty(mine, Symbol.hasInstance, {
      configurable: true,
      value(value) {
        return ordinaryHasInstance.call(this, value) || (this === mine && ordinaryHasInstance.call(main, value));
      },
    });
  }
}

/// Thrown where the program under test tries to end the process.
class ExitRequest {
  constructor(code) {
    this.code = code;
    this.message = `process.exit(${code}) was called`;
    this.stack = new Error(this.message).stack;
  }
}

/// The file that called into the driver: the innermost stack frame that is none of ours or Node's.
function callerFile() {
  for (const line of new Error().stack.split('\n').slice(1)) {
    const match = /((?:file:\/\/)?\/[^:]*):\d+:\d+\)?$/.exec(line);
    if (!match || match[1].startsWith(__dirname)) continue;
    return match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1];
  }
  return '';
}

const noop = () => {};
const consoleTemplate = {};
for (const name of Object.keys(console)) consoleTemplate[name] = typeof console[name] === 'function' ? noop : console[name];
consoleTemplate.Console = console.Console;

class Realm {
  /// `options`: argv (array), directory (absolute), onError(error) for what escapes from callbacks, enter(realm, function)
  /// that runs a callback under the candidate's time limit, ticked(realm) when a tick was queued, onExit() when
  /// the program asks to end.
  constructor(options) {
    this.options = options;
    this.alive = true;
    this.exitCode = undefined;
    this.timers = new Set();
    this.ticks = [];
    this.patched = new Map();
    const plain = vm.constants && vm.constants.DONT_CONTEXTIFY;
    this.context = plain ? vm.createContext(plain) : vm.createContext({});
    this.global = plain ? this.context : vm.runInContext('globalThis', this.context);
    this.intrinsics = prelude.runInContext(this.context);
    Object.defineProperties(this.global, nodeGlobals(this.context));
    bridgeInstanceof(this.intrinsics);
    this.process = this.makeProcess();
    const define = (name, value) => Object.defineProperty(this.global, name, { value, writable: true, configurable: true, enumerable: false });
    define('global', this.global);
    define('process', this.process);
    define('console', Object.assign(this.intrinsics.object(), consoleTemplate));
    define('structuredClone', (...words) => this.adopt(structuredClone(...words)));
    define('queueMicrotask', (callback) => queueMicrotask(() => this.guard(callback)));
    this.makeTimers(define);
    this.builtins = new Map();
  }

  /// Runs a callback that nobody waits for; what it throws belongs to this candidate.
  guard(callback, ...words) {
    if (!this.alive) return undefined;
    try {
      return callback(...words);
    } catch (error) {
      this.options.onError(error);
      return undefined;
    }
  }

  /// Ticks have a queue of their own: one of Node's that is cut off by a time limit would corrupt the process.
  tick(callback) {
    this.ticks.push(callback);
    this.options.ticked(this);
  }

  runTicks() {
    const before = this.ticks.length;
    while (this.ticks.length && this.alive) this.ticks.shift()();
    return before > 0;
  }

  makeTimers(define) {
    const realm = this;
    const wrap = (start, stop, repeats) => (callback, delay, ...words) => {
      if (typeof callback !== 'function') return start(callback, delay);
      const timer = start(() => {
        if (!repeats) realm.timers.delete(entry);
        realm.options.enter(realm, () => realm.guard(callback, ...words));
      }, delay);
      const entry = { timer, stop };
      timer.ec_entry = entry;
      realm.timers.add(entry);
      return timer;
    };
    const unwrap = (stop) => (timer) => {
      if (timer && timer.ec_entry) realm.timers.delete(timer.ec_entry);
      stop(timer);
    };
    const promisified = (promise) => promise;
    const { setTimeout: later, setInterval: every, setImmediate: soon } = globalThis;
    const setTimeoutHere = wrap(later, clearTimeout, false);
    const setImmediateHere = (callback, ...words) => wrap((run) => soon(run), clearImmediate, false)(callback, 0, ...words);
    const { Promise: ContextPromise } = this.intrinsics;
    Object.defineProperty(setTimeoutHere, util.promisify.custom, {
      value: (delay, value) => promisified(new ContextPromise((resolve) => setTimeoutHere(() => resolve(value), delay))),
    });
    Object.defineProperty(setImmediateHere, util.promisify.custom, {
      value: (value) => promisified(new ContextPromise((resolve) => setImmediateHere(() => resolve(value)))),
    });
    define('setTimeout', setTimeoutHere);
    define('setInterval', wrap(every, clearInterval, true));
    define('setImmediate', setImmediateHere);
    define('clearTimeout', unwrap(clearTimeout));
    define('clearInterval', unwrap(clearInterval));
    define('clearImmediate', unwrap(clearImmediate));
  }

  makeProcess() {
    const realm = this;
    const own = Object.create(process);
    const events = new EventEmitter();
    events.setMaxListeners(0);
    this.processEvents = events;
    const leave = (code) => {
      realm.exitCode = code === undefined ? Number(own.exitCode || 0) : Number(code);
      realm.exited = true;
      realm.exitedBy = callerFile();
      realm.options.onExit();
      throw new ExitRequest(realm.exitCode);
    };
    const streams = {};
    const stream = (name) => () => {
      if (!streams[name]) {
        const { Writable } = require('node:stream');
        streams[name] = new Writable({ decodeStrings: false, write(chunk, encoding, done) { done(); } });
        Object.assign(streams[name], { isTTY: false, columns: 80, rows: 24, fd: name === 'stdout' ? 1 : 2 });
      }
      return streams[name];
    };
    const values = {
      env: Object.assign(this.intrinsics.object(), process.env),
      argv: this.intrinsics.array(this.options.argv.length, (i) => this.options.argv[i]),
      execArgv: this.intrinsics.array(0),
      exitCode: undefined,
      exit: leave,
      reallyExit: leave,
      abort: () => leave(134),
      kill: (pid, signal) => (pid === process.pid ? leave(signal === 0 ? 0 : 137) : process.kill(pid, signal)),
      nextTick: (callback, ...words) => realm.tick(() => realm.guard(callback, ...words)),
      emitWarning: noop,
      hasUncaughtExceptionCaptureCallback: () => false,
      setUncaughtExceptionCaptureCallback: noop,
    };
    for (const name of ['on', 'addListener', 'once', 'off', 'removeListener', 'removeAllListeners', 'emit', 'prependListener',
      'prependOnceListener', 'listeners', 'rawListeners', 'listenerCount', 'eventNames', 'setMaxListeners', 'getMaxListeners']) {
      values[name] = (...words) => {
        const result = events[name](...words);
        return result === events ? own : result;
      };
    }
    for (const [name, value] of Object.entries(values)) {
      Object.defineProperty(own, name, { value, writable: true, configurable: true, enumerable: true });
    }
    for (const name of ['stdout', 'stderr']) Object.defineProperty(own, name, { get: stream(name), configurable: true, enumerable: true });
    return own;
  }

  /// Gives plain main-realm data (arrays, objects, maps, errors …) the prototypes of this context, in place.
  adopt(value, seen = new Set()) {
    if (value === null || typeof value !== 'object' || seen.has(value)) return value;
    seen.add(value);
    const prototype = Object.getPrototypeOf(value);
    for (const name of HOOK_NAMES) {
      if (prototype === globalThis[name].prototype) {
        Object.setPrototypeOf(value, this.intrinsics[name].prototype);
        break;
      }
    }
    if (util.types.isMap(value)) for (const [key, item] of Map.prototype.entries.call(value)) this.adopt(key, seen), this.adopt(item, seen);
    else if (util.types.isSet(value)) for (const item of Set.prototype.values.call(value)) this.adopt(item, seen);
    else if (!ArrayBuffer.isView(value)) for (const key of Object.keys(value)) this.adopt(value[key], seen);
    return value;
  }

  /// A builtin module as this candidate sees it.
  builtin(name) {
    const bare = name.startsWith('node:') ? name.slice(5) : name;
    if (this.builtins.has(bare)) return this.builtins.get(bare);
    let value;
    if (bare === 'assert' || bare === 'assert/strict') {
      const assert = createAssert(this);
      this.builtins.set('assert', assert);
      this.builtins.set('assert/strict', assert.strict);
      return this.builtins.get(bare);
    }
    if (STARTERS.has(bare)) this.options.onStarter();
    if (bare === 'process') value = this.process;
    else if (bare === 'console') value = this.global.console;
    else if (bare === 'timers') value = this.timersModule();
    else if (bare === 'timers/promises') value = this.timersPromises();
    else {
      value = require(name.startsWith('node:') ? name : bare);
      this.remember(value);
    }
    this.builtins.set(bare, value);
    return value;
  }

  timersModule() {
    const out = this.intrinsics.object();
    for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate']) out[name] = this.global[name];
    Object.defineProperty(out, 'promises', { get: () => this.builtin('timers/promises'), enumerable: true });
    return out;
  }

  timersPromises() {
    const main = require('node:timers/promises');
    const out = Object.assign(this.intrinsics.object(), main);
    const plain = (options) => options === undefined || !options.signal;
    out.setTimeout = (delay, value, options) =>
      plain(options) ? this.global.setTimeout[util.promisify.custom](delay, value) : main.setTimeout(delay, value, options);
    out.setImmediate = (value, options) =>
      plain(options) ? this.global.setImmediate[util.promisify.custom](value) : main.setImmediate(value, options);
    return out;
  }

  /// Keeps what a shared builtin looks like, so that a monkeypatch of this candidate can be undone.
  remember(value) {
    for (const object of [value, typeof value === 'function' ? value.prototype : null]) {
      if (object === null || object === undefined || this.patched.has(object)) continue;
      if (typeof object !== 'object' && typeof object !== 'function') continue;
      this.patched.set(object, Object.getOwnPropertyDescriptors(object));
    }
  }

  /// Ends the world. Returns false when a shared object could not be put back: the process is then polluted.
  close() {
    this.alive = false;
    for (const { timer, stop } of this.timers) stop(timer);
    this.timers.clear();
    let clean = true;
    for (const [object, before] of this.patched) clean = restore(object, before) && clean;
    if (process.cwd() !== this.options.directory) process.chdir(this.options.directory);
    return clean && intactPrototypes();
  }
}

function restore(object, before) {
  for (const key of Reflect.ownKeys(object)) {
    const now = Object.getOwnPropertyDescriptor(object, key);
    const old = before[key];
    if (old && now.value === old.value && now.get === old.get && now.set === old.set) continue;
    // A lazily loaded member that Node itself turned from an accessor into a value is no patch.
    if (old && old.get && !old.set && 'value' in now && !now.writable) continue;
    if (!(old ? Reflect.defineProperty(object, key, old) : Reflect.deleteProperty(object, key))) return false;
  }
  for (const key of Reflect.ownKeys(before)) {
    if (!Object.prototype.hasOwnProperty.call(object, key) && !Reflect.defineProperty(object, key, before[key])) return false;
  }
  return true;
}

const watchedPrototypes = [Object, Array, Function, Error, Promise, Map, Set, String, Number, EventEmitter, Buffer, Uint8Array]
  .map((type) => [type.prototype, Reflect.ownKeys(type.prototype).length]);
function intactPrototypes() {
  return watchedPrototypes.every(([prototype, count]) => Reflect.ownKeys(prototype).length === count);
}

module.exports = { Realm, ExitRequest };
