// node:assert for a context: the comparisons are Node's own; errors are the context's, and values that came from
// builtins (main-realm prototypes) compare equal to the context's literals as they would in one realm.
'use strict';

const assert = require('node:assert');
const util = require('node:util');

/// A structural copy in which main-realm plain data has the prototypes of the context.
function adoptedCopy(realm, value, seen = new Map()) {
  if (value === null || typeof value !== 'object') return value;
  if (seen.has(value)) return seen.get(value);
  const prototype = Object.getPrototypeOf(value);
  let copy;
  const { intrinsics } = realm;
  if (Array.isArray(value)) copy = intrinsics.array(0);
  else if (prototype === Object.prototype || prototype === intrinsics.Object.prototype) copy = intrinsics.object();
  else if (util.types.isMap(value)) {
    copy = new intrinsics.Map();
    seen.set(value, copy);
    for (const [key, item] of Map.prototype.entries.call(value)) copy.set(adoptedCopy(realm, key, seen), adoptedCopy(realm, item, seen));
    return copy;
  } else if (util.types.isSet(value)) {
    copy = new intrinsics.Set();
    seen.set(value, copy);
    for (const item of Set.prototype.values.call(value)) copy.add(adoptedCopy(realm, item, seen));
    return copy;
  } else if (util.types.isDate(value)) return new intrinsics.Date(value.getTime());
  else if (util.types.isRegExp(value)) return new intrinsics.RegExp(value.source, value.flags);
  else if (util.types.isUint8Array(value) && prototype === intrinsics.Uint8Array.prototype) return new Uint8Array(value);
  else return value;
  seen.set(value, copy);
  if (Array.isArray(value)) copy.length = value.length;
  if (Array.isArray(value) && prototype !== Array.prototype && prototype !== intrinsics.Array.prototype) Object.setPrototypeOf(copy, prototype);
  for (const key of Reflect.ownKeys(value)) {
    if (Array.isArray(value) && key === 'length') continue;
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    if (descriptor.enumerable && 'value' in descriptor) copy[key] = adoptedCopy(realm, descriptor.value, seen);
  }
  return copy;
}

function deepStrictEqual(realm, actual, expected) {
  if (util.isDeepStrictEqual(actual, expected)) return true;
  if (actual === null || expected === null || typeof actual !== 'object' || typeof expected !== 'object') return false;
  return util.isDeepStrictEqual(adoptedCopy(realm, actual), adoptedCopy(realm, expected));
}

function describe(value) {
  const text = util.inspect(value, { depth: 3, breakLength: Infinity, maxArrayLength: 20, maxStringLength: 200 });
  return text.length > 300 ? `${text.slice(0, 297)}...` : text;
}

const WORDS = {
  strictEqual: 'Expected values to be strictly equal', deepStrictEqual: 'Expected values to be strictly deep-equal',
  equal: 'Expected values to be loosely equal', deepEqual: 'Expected values to be loosely deep-equal',
  notStrictEqual: 'Expected "actual" to be strictly unequal to', notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to',
  notEqual: 'Expected "actual" to be loosely unequal to', notDeepEqual: 'Expected "actual" not to be loosely deep-equal to',
};

function createAssert(realm) {
  const { AssertionError, Error: ContextError } = realm.intrinsics;

  function refuse(operator, actual, expected, message, fallback) {
    if (message instanceof ContextError) throw message;
    throw new AssertionError({
      message: message === undefined ? fallback || `${WORDS[operator]}:\n\n${describe(actual)} !== ${describe(expected)}\n` : String(message),
      generatedMessage: message === undefined, actual, expected, operator,
    });
  }
  /// Errors that Node's own assert makes become errors of the context.
  function adoptError(error) {
    if (error instanceof assert.AssertionError) Object.setPrototypeOf(error, AssertionError.prototype);
    else if (error instanceof TypeError && !(error instanceof realm.intrinsics.AssertionError)) realm.adopt(error);
    return error;
  }
  const native = (name) => (...words) => {
    try {
      const result = assert[name](...words);
      return result instanceof Promise ? result.catch((error) => { throw adoptError(error); }) : result;
    } catch (error) {
      throw adoptError(error);
    }
  };
  const check = (operator, holds) => (actual, expected, message) => {
    if (!holds(actual, expected)) refuse(operator, actual, expected, message);
  };
  const ok = (...words) => {
    const [value, message] = words;
    if (!value) {
      refuse('==', value, true, message, words.length === 0 ? 'No value argument passed to `assert.ok()`'
        : 'The expression evaluated to a falsy value');
    }
  };
  const looseDeep = (actual, expected) => {
    try {
      assert.deepEqual(actual, expected);
      return true;
    } catch (error) {
      if (error instanceof assert.AssertionError) return false;
      throw error;
    }
  };
  const strictDeep = (actual, expected) => deepStrictEqual(realm, actual, expected);
  const methods = {
    ok,
    strictEqual: check('strictEqual', Object.is),
    notStrictEqual: check('notStrictEqual', (a, b) => !Object.is(a, b)),
    deepStrictEqual: check('deepStrictEqual', strictDeep),
    notDeepStrictEqual: check('notDeepStrictEqual', (a, b) => !strictDeep(a, b)),
    // eslint-disable-next-line eqeqeq
    equal: check('equal', (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b))),
    // eslint-disable-next-line eqeqeq
    notEqual: check('notEqual', (a, b) => !(a == b || (Number.isNaN(a) && Number.isNaN(b)))),
    deepEqual: check('deepEqual', looseDeep),
    notDeepEqual: check('notDeepEqual', (a, b) => !looseDeep(a, b)),
  };
  for (const name of Object.keys(assert)) {
    if (typeof assert[name] === 'function' && !(name in methods) && !['AssertionError', 'CallTracker', 'strict', 'Assert'].includes(name)) methods[name] = native(name);
  }
  const loose = Object.assign((...words) => ok(...words), methods, { AssertionError });
  const strict = Object.assign((...words) => ok(...words), methods, { AssertionError }, {
    equal: methods.strictEqual, notEqual: methods.notStrictEqual, deepEqual: methods.deepStrictEqual, notDeepEqual: methods.notDeepStrictEqual,
  });
  loose.strict = strict;
  strict.strict = strict;
  return loose;
}

module.exports = { createAssert, adoptedCopy, deepStrictEqual };
