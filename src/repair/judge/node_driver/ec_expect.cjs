// A small `expect` with the common matchers of jest and vitest, and their mock functions. A matcher that is not here
// throws, so a project that needs it is judged by its own runner instead.
'use strict';

const util = require('node:util');

const ASYMMETRIC = Symbol('ec.asymmetric');
const tag = (value) => Object.prototype.toString.call(value);

function matchesAsymmetric(pattern, value) {
  return pattern !== null && typeof pattern === 'object' && typeof pattern[ASYMMETRIC] === 'function' ? pattern[ASYMMETRIC](value) : undefined;
}

/// jest's recursive equality. `strict` also compares types, undefined properties and holes.
function equals(a, b, strict, seen = []) {
  const wanted = matchesAsymmetric(b, a);
  if (wanted !== undefined) return wanted;
  const other = matchesAsymmetric(a, b);
  if (other !== undefined) return other;
  if (Object.is(a, b)) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (util.types.isNativeError(a) && util.types.isNativeError(b)) return a.message === b.message && a.name === b.name;
  if (tag(a) !== tag(b)) return false;
  if (strict && !sameType(a, b)) return false;
  if (a instanceof Date || util.types.isDate(a)) return Number(a) === Number(b) || (Number.isNaN(Number(a)) && Number.isNaN(Number(b)));
  if (util.types.isRegExp(a)) return a.source === b.source && a.flags === b.flags;
  if (util.types.isBoxedPrimitive(a)) return Object.is(a.valueOf(), b.valueOf());
  if (util.types.isPromise(a) || util.types.isWeakMap(a) || util.types.isWeakSet(a)) return false;
  if (seen.some(([left, right]) => left === a && right === b)) return true;
  const path = [...seen, [a, b]];
  if (util.types.isSet(a)) {
    if (a.size !== b.size) return false;
    return [...a].every((item) => b.has(item) || [...b].some((candidate) => equals(item, candidate, strict, path)));
  }
  if (util.types.isMap(a)) {
    if (a.size !== b.size) return false;
    return [...a].every(([key, item]) => (b.has(key) ? equals(item, b.get(key), strict, path)
      : [...b].some(([k, v]) => equals(key, k, strict, path) && equals(item, v, strict, path))));
  }
  if (Array.isArray(a) && a.length !== b.length) return false;
  if (ArrayBuffer.isView(a)) return util.isDeepStrictEqual(Buffer.from(a.buffer, a.byteOffset, a.byteLength), Buffer.from(b.buffer, b.byteOffset, b.byteLength));
  const keys = (value) => Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key) && (strict || value[key] !== undefined));
  const left = keys(a);
  if (left.length !== keys(b).length) return false;
  return left.every((key) => Object.prototype.hasOwnProperty.call(b, key) && equals(a[key], b[key], strict, path));
}

function sameType(a, b) {
  const left = Object.getPrototypeOf(a);
  const right = Object.getPrototypeOf(b);
  return left === right || (left && right && left.constructor?.name === right.constructor?.name && /\[native code\]/.test(String(left.constructor)));
}

function subset(value, pattern) {
  const wanted = matchesAsymmetric(pattern, value);
  if (wanted !== undefined) return wanted;
  if (Array.isArray(pattern)) return Array.isArray(value) && value.length === pattern.length && pattern.every((item, i) => subset(value[i], item));
  if (pattern !== null && typeof pattern === 'object' && tag(pattern) === '[object Object]') {
    return value !== null && typeof value === 'object' && Object.keys(pattern).every((key) => key in value && subset(value[key], pattern[key]));
  }
  return equals(value, pattern, false);
}

function propertyAt(value, path) {
  const keys = Array.isArray(path) ? path : String(path).replace(/\[(\w+)\]/g, '.$1').split('.').filter((key) => key !== '');
  let at = value;
  for (const key of keys) {
    if (at === null || at === undefined || !(key in Object(at))) return { found: false };
    at = at[key];
  }
  return { found: true, value: at };
}

function thrownMatches(error, wanted) {
  const message = error !== null && typeof error === 'object' && 'message' in error ? String(error.message) : String(error);
  if (wanted === undefined) return true;
  if (typeof wanted === 'string') return message.includes(wanted);
  if (util.types.isRegExp(wanted)) return wanted.test(message);
  if (typeof wanted === 'function') return error instanceof wanted;
  const asymmetric = matchesAsymmetric(wanted, error);
  return asymmetric !== undefined ? asymmetric : message === wanted.message;
}

const callsOf = (mock) => {
  if (!mock || !mock.mock) throw new Error('expected a mock function or spy');
  return mock.mock;
};
const near = (a, b, digits = 2) => (a === b ? true : Math.abs(a - b) < 10 ** -digits / 2);
const resultIs = (entry, value) => entry.type === 'return' && equals(entry.value, value, false);

/// matcher -> (value, …expected) -> whether it holds.
const MATCHERS = {
  toBe: (a, b) => Object.is(a, b),
  toEqual: (a, b) => equals(a, b, false),
  toStrictEqual: (a, b) => equals(a, b, true),
  toBeTruthy: (a) => Boolean(a),
  toBeFalsy: (a) => !a,
  toBeNull: (a) => a === null,
  toBeUndefined: (a) => a === undefined,
  toBeDefined: (a) => a !== undefined,
  toBeNaN: (a) => Number.isNaN(a),
  toBeNullable: (a) => a === null || a === undefined,
  toBeGreaterThan: (a, b) => a > b,
  toBeGreaterThanOrEqual: (a, b) => a >= b,
  toBeLessThan: (a, b) => a < b,
  toBeLessThanOrEqual: (a, b) => a <= b,
  toBeCloseTo: near,
  toBeInstanceOf: (a, type) => a instanceof type,
  toBeTypeOf: (a, type) => typeof a === type,
  toBeOneOf: (a, list) => [...list].some((item) => equals(a, item, false)),
  toSatisfy: (a, test) => Boolean(test(a)),
  toContain: (a, item) => (typeof a === 'string' ? a.includes(item) : [...a].includes(item)),
  toContainEqual: (a, item) => [...a].some((entry) => equals(entry, item, false)),
  toHaveLength: (a, length) => a.length === length,
  toHaveProperty: (a, path, ...rest) => {
    const at = propertyAt(a, path);
    return at.found && (rest.length === 0 || equals(at.value, rest[0], false));
  },
  toMatch: (a, pattern) => (typeof pattern === 'string' ? a.includes(pattern) : pattern.test(a)),
  toMatchObject: (a, pattern) => subset(a, pattern),
  toHaveBeenCalled: (a) => callsOf(a).calls.length > 0,
  toHaveBeenCalledTimes: (a, count) => callsOf(a).calls.length === count,
  toHaveBeenCalledOnce: (a) => callsOf(a).calls.length === 1,
  toHaveBeenCalledWith: (a, ...words) => callsOf(a).calls.some((call) => equals([...call], words, false)),
  toHaveBeenLastCalledWith: (a, ...words) => callsOf(a).calls.length > 0 && equals([...callsOf(a).calls.at(-1)], words, false),
  toHaveBeenNthCalledWith: (a, nth, ...words) => callsOf(a).calls.length >= nth && equals([...callsOf(a).calls[nth - 1]], words, false),
  toHaveReturned: (a) => callsOf(a).results.some((entry) => entry.type === 'return'),
  toHaveReturnedTimes: (a, count) => callsOf(a).results.filter((entry) => entry.type === 'return').length === count,
  toHaveReturnedWith: (a, value) => callsOf(a).results.some((entry) => resultIs(entry, value)),
  toHaveLastReturnedWith: (a, value) => callsOf(a).results.length > 0 && resultIs(callsOf(a).results.at(-1), value),
};
Object.assign(MATCHERS, { toBeCalled: MATCHERS.toHaveBeenCalled, toBeCalledTimes: MATCHERS.toHaveBeenCalledTimes,
  toBeCalledWith: MATCHERS.toHaveBeenCalledWith, lastCalledWith: MATCHERS.toHaveBeenLastCalledWith, nthCalledWith: MATCHERS.toHaveBeenNthCalledWith });

function describeValue(value) {
  const text = util.inspect(value, { depth: 3, breakLength: Infinity });
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}

function createExpect(realm) {
  const custom = {};
  let counted = 0;
  let planned;
  const refuse = (matcher, negated, value, words) => {
    const error = new realm.intrinsics.Error(`expect(received)${negated ? '.not' : ''}.${matcher}(expected)\n\nExpected: ${words.map(describeValue).join(', ')}\nReceived: ${describeValue(value)}`);
    error.matcherResult = { pass: false };
    throw error;
  };
  const apply = (matcher, holds, value, negated, words) => {
    counted++;
    if (Boolean(holds(value, ...words)) === negated) refuse(matcher, negated, value, words);
  };
  const throwing = (value, negated, words, given) => {
    counted++;
    let thrown = given;
    if (!given) {
      if (typeof value !== 'function') throw new realm.intrinsics.Error('expect(received).toThrow(): received value must be a function');
      try {
        value();
      } catch (error) {
        thrown = { error };
      }
    }
    if (Boolean(thrown && thrownMatches(thrown.error, words[0])) === negated) refuse('toThrow', negated, thrown ? thrown.error : value, words);
  };
  const matchers = (value, negated, given) => {
    const out = {};
    for (const [name, holds] of Object.entries(MATCHERS)) out[name] = (...words) => apply(name, holds, value, negated, words);
    for (const [name, make] of Object.entries(custom)) {
      out[name] = (...words) => {
        counted++;
        const result = make.call({ equals: (a, b) => equals(a, b, false), isNot: negated, utils: { printReceived: describeValue, printExpected: describeValue, matcherHint: String } }, value, ...words);
        if (Boolean(result.pass) === negated) throw new realm.intrinsics.Error(typeof result.message === 'function' ? result.message() : String(result.message));
      };
    }
    out.toThrow = out.toThrowError = (...words) => throwing(value, negated, words, given);
    return out;
  };
  const settled = (promise, wantsRejection, negated) => new Proxy({}, {
    get: (target, name) => {
      if (name === 'not') return settled(promise, wantsRejection, !negated);
      return (...words) => realm.intrinsics.Promise.resolve(typeof promise === 'function' ? promise() : promise).then(
        (value) => {
          if (wantsRejection) throw new realm.intrinsics.Error(`Received promise resolved instead of rejected: ${describeValue(value)}`);
          return lookup(matchers(value, negated), name)(...words);
        },
        (error) => {
          if (!wantsRejection) throw new realm.intrinsics.Error(`Received promise rejected instead of resolved: ${describeValue(error)}`);
          return lookup(matchers(error, negated, { error }), name)(...words);
        });
    },
  });
  const lookup = (table, name) => {
    if (typeof table[name] !== 'function') throw new realm.intrinsics.Error(`expect().${String(name)} is not available here`);
    return table[name];
  };
  const missing = { get: (target, name) => (name in target || typeof name === 'symbol' || name === 'then' ? target[name] : lookup(target, name)) };
  const expect = (value) => new Proxy({
    ...matchers(value, false),
    not: new Proxy(matchers(value, true), missing),
    resolves: settled(value, false, false),
    rejects: settled(value, true, false),
  }, missing);
  const asymmetric = (test) => ({ [ASYMMETRIC]: test, asymmetricMatch: test });
  const primitive = (type, value) => ({ String: 'string', Number: 'number', Boolean: 'boolean', BigInt: 'bigint', Symbol: 'symbol', Function: 'function' })[type.name] === typeof value;
  const patterns = (sign) => ({
    objectContaining: (pattern) => asymmetric((value) => sign === (value !== null && typeof value === 'object' && Object.keys(pattern).every((key) => key in value && equals(value[key], pattern[key], false)))),
    arrayContaining: (list) => asymmetric((value) => sign === (Array.isArray(value) && list.every((item) => value.some((entry) => equals(entry, item, false))))),
    stringContaining: (text) => asymmetric((value) => sign === (typeof value === 'string' && value.includes(text))),
    stringMatching: (pattern) => asymmetric((value) => sign === (typeof value === 'string' && new RegExp(pattern).test(value))),
    closeTo: (number, digits) => asymmetric((value) => sign === (typeof value === 'number' && near(value, number, digits))),
  });
  Object.assign(expect, patterns(true), {
    not: patterns(false),
    any: (type) => asymmetric((value) => primitive(type, value) || value instanceof type || (type.name === 'Object' && typeof value === 'object')),
    anything: () => asymmetric((value) => value !== null && value !== undefined),
    extend: (more) => Object.assign(custom, more),
    assertions: (count) => { planned = count; counted = 0; },
    hasAssertions: () => { planned = -1; counted = 0; },
    fail: (message) => { throw new realm.intrinsics.Error(message || 'expect.fail()'); },
    ec_check: () => {
      const bad = planned !== undefined && (planned < 0 ? counted === 0 : counted !== planned);
      const [was, got] = [planned, counted];
      planned = undefined;
      if (bad) throw new realm.intrinsics.Error(`expected ${was < 0 ? 'at least one' : was} assertions, received ${got}`);
    },
  });
  return expect;
}

/// jest.fn / vi.fn and the little around them.
function createMocks(realm, expect, Unsupported) {
  const all = new Set();
  const restores = new Set();
  function fn(implementation) {
    let standing = implementation;
    let once = [];
    const state = {};
    const clear = () => Object.assign(state, { calls: realm.intrinsics.array(0), results: realm.intrinsics.array(0), instances: realm.intrinsics.array(0), contexts: realm.intrinsics.array(0) });
    clear();
    function mock(...words) {
      state.calls.push(realm.intrinsics.array(words.length, (i) => words[i]));
      state.instances.push(this);
      state.contexts.push(this);
      const entry = { type: 'incomplete', value: undefined };
      state.results.push(entry);
      const run = once.length ? once.shift() : standing;
      try {
        const value = run ? (new.target ? Reflect.construct(run, words, new.target) : run.apply(this, words)) : undefined;
        Object.assign(entry, { type: 'return', value });
        return value;
      } catch (error) {
        Object.assign(entry, { type: 'throw', value: error });
        throw error;
      }
    }
    const { Promise: ContextPromise } = realm.intrinsics;
    Object.defineProperty(mock, 'mock', { get: () => Object.defineProperty(state, 'lastCall', { get: () => state.calls.at(-1), configurable: true }) });
    Object.assign(mock, {
      _isMockFunction: true,
      mockClear() { clear(); return mock; },
      mockReset() { clear(); standing = undefined; once = []; return mock; },
      mockRestore() { clear(); standing = implementation; once = []; return mock; },
      mockImplementation(run) { standing = run; return mock; },
      mockImplementationOnce(run) { once.push(run); return mock; },
      mockReturnValue(value) { standing = () => value; return mock; },
      mockReturnValueOnce(value) { once.push(() => value); return mock; },
      mockResolvedValue(value) { standing = () => ContextPromise.resolve(value); return mock; },
      mockResolvedValueOnce(value) { once.push(() => ContextPromise.resolve(value)); return mock; },
      mockRejectedValue(value) { standing = () => ContextPromise.reject(value); return mock; },
      mockRejectedValueOnce(value) { once.push(() => ContextPromise.reject(value)); return mock; },
      mockReturnThis() { standing = function self() { return this; }; return mock; },
      mockName() { return mock; },
      getMockName: () => 'jest.fn()',
      getMockImplementation: () => standing,
    });
    all.add(mock);
    return mock;
  }
  function spyOn(object, name, access) {
    if (access) throw new Unsupported('spyOn of accessors is not available here');
    const original = object[name];
    if (typeof original !== 'function') throw new Error(`cannot spy on ${String(name)}: it is not a function`);
    if (original._isMockFunction) return original;
    const own = Object.getOwnPropertyDescriptor(object, name);
    const mock = fn(function call(...words) { return original.apply(this, words); });
    const restore = () => {
      if (own) Object.defineProperty(object, name, own);
      else delete object[name];
      restores.delete(restore);
    };
    restores.add(restore);
    mock.mockRestore = () => { restore(); return mock; };
    object[name] = mock;
    return mock;
  }
  const known = {
    fn, spyOn,
    isMockFunction: (value) => Boolean(value && value._isMockFunction),
    mocked: (value) => value,
    clearAllMocks: () => { for (const mock of all) mock.mockClear(); return api; },
    resetAllMocks: () => { for (const mock of all) mock.mockReset(); return api; },
    restoreAllMocks: () => { for (const restore of [...restores]) restore(); return api; },
    setTimeout: () => api,
    useRealTimers: () => api,
  };
  const api = new Proxy(known, {
    get: (target, name) => {
      if (name in target || typeof name === 'symbol' || name === 'then') return target[name];
      return () => { throw new Unsupported(`${String(name)} is not available here`); };
    },
  });
  return { api };
}

module.exports = { createExpect, createMocks };
