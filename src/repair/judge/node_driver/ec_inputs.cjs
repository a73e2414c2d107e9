// Argument values as recipes: plain trees that are taken from one context and built again in another, and that can be
// changed a little to make new inputs. A recipe is [kind, …]; see encode().
'use strict';

const util = require('node:util');

const MOST_NODES = 400;
const DEEPEST = 8;

/// The recipe of a value, or null when it is too large or holds what cannot be carried over.
function encode(value, state = { nodes: 0, depth: 0, seen: new Set() }) {
  if (++state.nodes > MOST_NODES) return null;
  if (value === undefined) return ['undefined'];
  if (value === null) return ['null'];
  if (typeof value === 'number') return ['number', value];
  if (typeof value === 'string') return value.length > 2000 ? null : ['string', value];
  if (typeof value === 'boolean') return ['boolean', value];
  if (typeof value === 'bigint') return ['bigint', value];
  if (typeof value === 'symbol') return null;
  if (typeof value === 'function') {
    const text = Function.prototype.toString.call(value);
    return /\[native code\]/.test(text) || text.length > 2000 ? null : ['function', text];
  }
  if (state.depth >= DEEPEST || state.seen.has(value) || util.types.isProxy(value)) return null;
  state.seen.add(value);
  state.depth++;
  const recipe = encodeObject(value, state);
  state.depth--;
  state.seen.delete(value);
  return recipe;
}

function encodeObject(value, state) {
  const all = (items) => {
    const out = [];
    for (const item of items) {
      const recipe = encode(item, state);
      if (!recipe) return null;
      out.push(recipe);
    }
    return out;
  };
  const wrap = (kind, list, ...rest) => (list ? [kind, list, ...rest] : null);
  if (Array.isArray(value)) return wrap('array', all(value));
  if (util.types.isMap(value)) return wrap('map', all([...value].map(([key, item]) => [key, item])));
  if (util.types.isSet(value)) return wrap('set', all(value));
  if (util.types.isDate(value)) return ['date', value.getTime()];
  if (util.types.isRegExp(value)) return ['regexp', value.source, value.flags];
  if (util.types.isUint8Array(value)) return ['bytes', [...value.subarray(0, 500)], Buffer.isBuffer(value)];
  if (util.types.isNativeError(value)) return ['error', value.name, value.message];
  if (ArrayBuffer.isView(value) || util.types.isPromise(value) || util.types.isExternal(value)) return null;
  const keys = Object.keys(value);
  const list = all(keys.map((key) => value[key]));
  const prototype = Object.getPrototypeOf(value);
  const name = prototype && prototype.constructor && prototype.constructor.name;
  return wrap('object', list, keys, prototype === null ? null : name === 'Object' ? '' : name || '');
}

/// The value of a recipe in `realm`; instances get the prototype that `prototypeOf(name)` finds, else a plain one.
function decode(recipe, realm, prototypeOf) {
  const { intrinsics } = realm;
  const [kind, first, second] = recipe;
  const inner = (item) => decode(item, realm, prototypeOf);
  switch (kind) {
    case 'undefined': return undefined;
    case 'null': return null;
    case 'number': case 'string': case 'boolean': case 'bigint': return first;
    case 'function': return intrinsics.evaluate(first);
    case 'array': return intrinsics.array(first.length, (i) => inner(first[i]));
    case 'map': return new intrinsics.Map(first.map((pair) => pair[1].map(inner)));
    case 'set': return new intrinsics.Set(first.map(inner));
    case 'date': return new intrinsics.Date(first);
    case 'regexp': return new intrinsics.RegExp(first, second);
    case 'bytes': return second ? Buffer.from(first) : new Uint8Array(first);
    case 'error': return Object.assign(new intrinsics.Error(second), { name: first });
    default: {
      const name = recipe[3];
      const object = intrinsics.object();
      second.forEach((key, i) => { object[key] = inner(first[i]); });
      const prototype = name === null ? null : name ? prototypeOf(name) : undefined;
      if (prototype !== undefined) Object.setPrototypeOf(object, prototype);
      return object;
    }
  }
}

/// mulberry32: small, and the same on every machine.
function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return { below: (bound) => next() % bound, pick: (list) => list[next() % list.length] };
}

const swapCase = (text) => [...text].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join('');

function changedNumber(value, random) {
  if (!Number.isFinite(value)) return random.pick([0, 1, -1]);
  const options = [value + 1, value - 1, 0, -value, value * 2, Math.trunc(value / 2), value + 2, 1, -1, value + 10];
  if (!Number.isInteger(value)) options.push(value + 0.5, Math.round(value));
  return random.pick(options);
}

function changedString(text, random) {
  const at = text.length ? random.below(text.length) : 0;
  const options = ['', text + text, swapCase(text), text.slice(0, at), text.slice(at), [...text].reverse().join(''), text.slice(0, at) + text.slice(at + 1),
    `${text.slice(0, at)} ${text.slice(at)}`, text + (text[at] || 'a'), ` ${text}`];
  return random.pick(options);
}

function changedList(list, random, fresh) {
  if (list.length === 0) return fresh ? [fresh] : [];
  const at = random.below(list.length);
  const copy = [...list];
  switch (random.below(9)) {
    case 0: return [];
    case 1: copy.splice(at, 1); return copy;
    case 2: copy.splice(at, 0, list[at]); return copy;
    case 3: return copy.reverse();
    case 4: { const other = random.below(list.length); [copy[at], copy[other]] = [copy[other], copy[at]]; return copy; }
    case 5: return [...copy, ...copy];
    case 6: return copy.slice(0, 1);
    default: copy[at] = changed(list[at], random); return copy;
  }
}

/// A recipe a little different from `recipe`, of the same kind.
function changed(recipe, random) {
  const [kind, first, second, third] = recipe;
  switch (kind) {
    case 'number': return ['number', changedNumber(first, random)];
    case 'bigint': return ['bigint', first + random.pick([1n, -1n, -first, first])];
    case 'string': return ['string', changedString(first, random)];
    case 'boolean': return ['boolean', !first];
    case 'array': return ['array', changedList(first, random)];
    case 'set': case 'map': return [kind, changedList(first, random)];
    case 'bytes': return ['bytes', changedList(first.map((byte) => ['number', byte]), random).map((item) => item[1] & 255), second];
    case 'date': return ['date', first + random.pick([1000, -86400000, 86400000])];
    case 'object': {
      if (first.length === 0) return recipe;
      const copy = [...first];
      const at = random.below(copy.length);
      copy[at] = changed(copy[at], random);
      return ['object', copy, second, third];
    }
    default: return recipe;
  }
}

/// At most `most` inputs ({self, words} of recipes): recorded calls first, then changed and recombined ones.
function inputsFrom(calls, seed, most) {
  const random = generator(seed);
  const seen = new Set();
  const inputs = [];
  const add = (call) => {
    const key = util.inspect(call, { depth: 20, maxArrayLength: 500, breakLength: Infinity });
    if (seen.has(key) || inputs.length >= most) return;
    seen.add(key);
    inputs.push(call);
  };
  for (const call of calls.slice(0, Math.ceil(most / 3))) add(call);
  for (let attempt = 0; attempt < most * 6 && inputs.length < most; attempt++) {
    const call = random.pick(calls);
    const words = [...call.words];
    const self = call.self && random.below(3) === 0 ? changed(call.self, random) : call.self;
    if (words.length > 0) {
      const at = random.below(words.length);
      if (calls.length > 1 && random.below(4) === 0) {
        const other = random.pick(calls);
        if (other.words.length > at && other.words[at][0] === words[at][0]) words[at] = other.words[at];
      } else words[at] = changed(words[at], random);
      if (random.below(3) === 0) {
        const again = random.below(words.length);
        words[again] = changed(words[again], random);
      }
    }
    add({ self, words });
  }
  return inputs;
}

module.exports = { encode, decode, inputsFrom };
