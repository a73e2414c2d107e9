// What candidates do on generated inputs: the function around a line is taken out of its module by a small edit of its
// text, called with values like those the tests passed to it, and what comes back is hashed.
'use strict';

const path = require('node:path');
const util = require('node:util');
const { Coverage } = require('./ec_coverage.cjs');
const { encode, decode, inputsFrom } = require('./ec_inputs.cjs');

const MOST_CALLS = 60;
const MOST_INPUTS = 40;
const CALL_MS = 40;
const RECORD_MS = 3000;
const HOOK = '__ec_hook__';

// Where ------------------------------------------------------------------------------------------------------------

/// [{name, begin, end}] of every function of `file`, found by running `tests` with coverage.
async function functionsOf(driver, file, tests) {
  driver.functionTables ||= new Map();
  const known = driver.functionTables.get(file);
  if (known) return known;
  const { sources } = driver.project;
  const coverage = new Coverage(sources, (name) => sources.javascript(name, sources.bytes(name)), (name) => sources.headOf(name));
  driver.project.marker = '//ec';
  sources.dropScripts();
  coverage.start();
  try {
    await runSome(driver, new Map(), tests, () => {});
    coverage.take();
  } finally {
    coverage.stop();
    driver.project.marker = '';
    sources.dropScripts();
  }
  for (const [name, table] of coverage.functions) driver.functionTables.set(name, [...table.values()]);
  return driver.functionTables.get(file) || [];
}

/// Functions around `line`, outermost first; classes and functions that are called where they stand are no functions
/// that anybody calls with inputs.
function around(functions, text, line) {
  let begin = 0;
  for (let number = 1; number < line; number++) begin = text.indexOf('\n', begin) + 1;
  const lineEnd = text.indexOf('\n', begin) < 0 ? text.length : text.indexOf('\n', begin);
  const first = begin + Math.max(0, text.slice(begin, lineEnd).search(/\S/));
  const holds = functions.filter((entry) => entry.begin <= first && entry.end > first);
  const touches = holds.length ? holds : functions.filter((entry) => entry.begin < lineEnd && entry.end > begin);
  return touches
    .filter((entry) => {
      const own = text.slice(entry.begin, entry.end);
      return !/^class\b/.test(own) && !/^constructor\b/.test(own) && !/^\s*\)?\s*(\(|\.call\b|\.apply\b)/.test(text.slice(entry.end, entry.end + 40));
    })
    .sort((a, b) => a.begin - b.begin || b.end - a.end);
}

/// Position of the `{` that opens the body of a method's text.
function bodyBrace(text) {
  let depth = 0;
  for (let i = text.indexOf('('); i >= 0 && i < text.length; i++) {
    const c = text[i];
    if (c === "'" || c === '"' || c === '`') {
      for (i++; i < text.length && text[i] !== c; i++) if (text[i] === '\\') i++;
    } else if ('([{'.includes(c)) {
      if (depth === 0 && c === '{') return i;
      depth++;
    } else if (')]}'.includes(c)) depth--;
  }
  return -1;
}

/// Insertions ({at, text} in characters) that hand the function to the hook.
function instrumentation(text, entry) {
  const own = text.slice(entry.begin, entry.end);
  const before = text.slice(0, entry.begin).replace(/\/\*[\s\S]*?\*\/\s*$/, '').trimEnd();
  const named = /^(?:async\s+)?function\s*\*?\s*([\w$]+)/.exec(own);
  const inExpression = /[=(:,?[&|!>+]$|\b(return|await|yield|new|typeof|void)$/.test(before);
  if (named && !inExpression) return [{ at: entry.end, text: `;${named[1]}=${HOOK}(${named[1]});` }];
  if (/^(async\s+)?function\b/.test(own) || /^(async\s*)?(\([\s\S]*?\)|[\w$]+)\s*=>/.test(own)) {
    return [{ at: entry.begin, text: `${HOOK}(` }, { at: entry.end, text: ')' }];
  }
  const method = /^(?:async\s*)?\*?\s*(?:(get|set)\s+)?(#?[\w$]+)\s*\(/.exec(own);
  const brace = bodyBrace(own);
  if (!method || method[1] || method[2].startsWith('#') || brace < 0) return null;
  const owner = [...text.slice(0, entry.begin).matchAll(/\bclass\s+([\w$]+)/g)].at(-1);
  const expose = owner ? `\n;try{${HOOK}.owner(${owner[1]})}catch{}` : '';
  return Object.assign([{ at: entry.begin + brace + 1, text: `${HOOK}.enter(this,arguments);` }, { at: text.length, text: expose }], { method: method[2] });
}

/// Character positions of `text` as byte positions of the file.
function asByteEdits(original, text, insertions) {
  const mark = original.length >= 3 && original[0] === 0xef && original[1] === 0xbb ? 3 : 0;
  return insertions.map(({ at, text: added }) => {
    const position = mark + Buffer.byteLength(text.slice(0, at));
    return { begin: position, end: position, text: added };
  });
}

// Running ----------------------------------------------------------------------------------------------------------

async function runSome(driver, edited, tests, prepare) {
  const state = { worlds: new Map() };
  const deadline = Date.now() + RECORD_MS;
  driver.project.onWorld = prepare;
  try {
    for (const id of tests) {
      const left = deadline - Date.now();
      if (left <= 0) break;
      await driver.runner.start(Math.min(left, 1000), () => state.worlds.values(), async () => {
        const name = id.split(' > ')[0];
        const world = await driver.worldFor(state, edited, path.resolve(driver.project.root, name));
        await driver.runId(world, id, name);
      }, (finish) => driver.onIdle(state, finish));
    }
  } finally {
    driver.project.onWorld = undefined;
    for (const world of state.worlds.values()) world.realm.close();
    driver.cleanUp();
  }
}

function install(world, hook) {
  Object.defineProperty(world.realm.global, HOOK, { value: hook, configurable: true, writable: true, enumerable: false });
}

/// The calls that the tests make to the function: [{self, words}] of recipes.
async function record(driver, file, text, entry, tests) {
  const calls = [];
  let busy = false;
  const note = (self, words) => {
    if (busy || calls.length >= MOST_CALLS) return;
    busy = true;
    try {
      const recipe = encode([...words]);
      const own = self !== undefined ? encode(self) : undefined;
      if (recipe && own !== null) calls.push({ self: own, words: recipe[1] });
    } catch {
      // A value whose getters throw is no input.
    } finally {
      busy = false;
    }
  };
  const hook = (target) => (typeof target !== 'function' ? target : new Proxy(target, {
    apply(inner, self, words) {
      note(undefined, words);
      return Reflect.apply(inner, self, words);
    },
  }));
  hook.enter = (self, words) => note(typeof self === 'function' ? undefined : self, words);
  hook.owner = () => {};
  const insertions = instrumentation(text, entry);
  if (!insertions) return calls;
  const { sources } = driver.project;
  const edited = new Map([[file, sources.edited(file, asByteEdits(sources.bytes(file), text, insertions))]]);
  await runSome(driver, edited, tests, (world) => install(world, hook));
  return calls;
}

class Target {
  constructor(driver, file, text, entry) {
    Object.assign(this, { driver, file, entry });
    this.insertions = instrumentation(text, entry);
    this.edits = asByteEdits(driver.project.sources.bytes(file), text, this.insertions);
  }

  /// The function in a fresh world of a candidate: {world, call(self, words)}; null when it cannot be had.
  async open(candidate) {
    const { driver } = this;
    const byFile = new Map([[this.file, [...this.edits]]]);
    for (const edit of candidate.edits || []) {
      const name = path.resolve(driver.project.root, edit.file);
      byFile.set(name, [...(byFile.get(name) || []), edit]);
    }
    const edited = new Map();
    for (const [name, edits] of byFile) edited.set(name, driver.project.sources.edited(name, edits));
    let target = null;
    let owner = null;
    const hook = (value) => {
      target ||= value;
      return value;
    };
    hook.enter = () => {};
    hook.owner = (value) => { owner = value; };
    const world = driver.makeWorld(edited, this.file);
    install(world, hook);
    Object.getPrototypeOf(world.loader).constructor.makeCurrent(world.loader);
    let exported;
    const loaded = await driver.runner.start(1000, () => [world], async () => {
      const loading = world.loader.load(this.file, false);
      exported = loading ? (await loading).namespace : world.loader.cache[this.file].exports;
    }, (finish) => finish({ error: new Error('the module does not finish loading') }));
    const { method } = this.insertions;
    if (method) target = methodOf(owner, exported, method);
    if (loaded.error || loaded.timedOut || typeof target !== 'function') {
      world.realm.close();
      driver.cleanUp();
      return null;
    }
    const prototypeOf = (name) => {
      for (const value of [owner, exported, ...Object.values(exported || {})]) {
        if (typeof value === 'function' && value.name === name && value.prototype) return value.prototype;
      }
      return undefined;
    };
    return { world, target, owner, prototypeOf };
  }

  async digests(candidate, inputs) {
    let opened = null;
    try {
      opened = await this.open(candidate);
    } catch {
      return [];
    }
    if (!opened) return [];
    const { world, target, owner, prototypeOf } = opened;
    const out = [];
    let slow = 0;
    for (const input of inputs) {
      if (slow >= 4) {
        out.push(hash('timeout'));
        continue;
      }
      let words;
      let self;
      const result = await this.driver.runner.start(CALL_MS, () => [world], () => {
        self = input.self ? decode(input.self, world.realm, prototypeOf) : owner || undefined;
        words = input.words.map((word) => decode(word, world.realm, prototypeOf));
        return Reflect.apply(target, self, words);
      }, (finish) => finish({ error: new Error('never settles') }));
      if (result.timedOut) slow++;
      out.push(hash(await this.describe(world, result, words, input.self ? self : undefined)));
    }
    world.realm.close();
    this.driver.cleanUp();
    return out;
  }

  /// Getters and iterators of the program run here, so this has a limit as well.
  async describe(world, result, words, self) {
    if (result.timedOut) return 'timeout';
    const shown = await this.driver.runner.start(CALL_MS, () => [world], () => {
      const head = result.error !== undefined ? `throws ${nameOf(result.error)}` : `gives ${show(result.value)}`;
      return `${head} after ${show(words)} ${self === undefined ? '' : show(self)}`;
    }, (finish) => finish({ error: new Error('never settles') }));
    return shown.value === undefined ? 'unprintable' : shown.value;
  }
}

function methodOf(owner, exported, method) {
  const classes = [owner, exported, ...(exported && typeof exported === 'object' ? Object.values(exported) : [])];
  for (const value of classes) {
    if (typeof value === 'function' && value.prototype && typeof value.prototype[method] === 'function') return value.prototype[method];
    if (value && typeof value[method] === 'function') return value[method];
  }
  return null;
}

function nameOf(error) {
  return error !== null && typeof error === 'object' ? String(error.name || (error.constructor && error.constructor.name)) : `value ${show(error)}`;
}

function show(value, depth = 0) {
  if (typeof value === 'number') return Number.isInteger(value) || !Number.isFinite(value) ? String(value) : value.toPrecision(11);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 5000));
  if (typeof value === 'function') return '[function]';
  if (value === null || typeof value !== 'object') return String(value);
  if (depth > 6) return '…';
  const list = (items) => {
    const parts = [];
    for (const item of items) {
      if (parts.push(show(item, depth + 1)) >= 300) break;
    }
    return parts.join();
  };
  if (Array.isArray(value)) return `[${list(value)}]`;
  if (util.types.isMap(value)) return `Map{${list(value)}}`;
  if (util.types.isSet(value)) return `Set{${list(value)}}`;
  if (util.types.isDate(value)) return `Date ${value.getTime()}`;
  if (util.types.isRegExp(value)) return String(value);
  if (util.types.isGeneratorObject(value)) return `yields ${list({ [Symbol.iterator]: () => value })}`;
  if (ArrayBuffer.isView(value)) return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex').slice(0, 2000)}`;
  const name = value.constructor && value.constructor.name !== 'Object' ? value.constructor.name : '';
  return `${name}{${Object.keys(value).slice(0, 200).map((key) => `${key}:${show(value[key], depth + 1)}`).join()}}`;
}

/// cyrb53: 53 bits that a JSON number carries.
function hash(text) {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

// Answering --------------------------------------------------------------------------------------------------------

/// {target, inputs} for a place, kept: the same place is asked about again and again.
async function prepare(driver, request) {
  const { sources } = driver.project;
  const file = path.resolve(driver.project.root, request.file);
  const key = `${file}:${request.line}:${request.seed}`;
  driver.targets ||= new Map();
  if (driver.targets.has(key)) return driver.targets.get(key);
  const text = sources.javascript(file, sources.bytes(file));
  const plain = text.length === sources.bytes(file).toString('utf8').replace(/^\ufeff/, '').length;
  const tests = (request.tests && request.tests.length ? request.tests : driver.knownTests || []).slice(0, 60);
  let found = null;
  if (plain && tests.length > 0) {
    const functions = await functionsOf(driver, file, tests);
    for (const entry of around(functions, text, request.line).slice(0, 3)) {
      const calls = await record(driver, file, text, entry, tests);
      if (calls.length === 0 || calls.every((call) => call.words.length === 0 && !call.self)) continue;
      found = { target: new Target(driver, file, text, entry), inputs: inputsFrom(calls, request.seed || 1, MOST_INPUTS) };
      break;
    }
  }
  driver.targets.set(key, found);
  return found;
}

async function observe(driver, request) {
  const nothing = request.candidates.map(() => []);
  if (driver.tap) return { type: 'observation', digests: nothing };
  let place = null;
  try {
    place = await prepare(driver, request);
  } catch {
    return { type: 'observation', digests: nothing };
  }
  if (!place) return { type: 'observation', digests: nothing };
  const digests = [];
  for (const candidate of request.candidates) digests.push(await place.target.digests(candidate, place.inputs));
  return { type: 'observation', digests };
}

module.exports = { observe };
