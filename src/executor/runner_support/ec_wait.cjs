// The start of a warm Node sandbox: says on descriptor 4 that the interpreter is up, waits on descriptor 3 for what to
// run, and runs it as `node FILE`, `node -e` or `node -` would have. The request is the one of ec_wait.py.
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');
const Module = require('module');

function read(size) {
  const data = Buffer.alloc(size);
  for (let at = 0; at < size;) {
    const count = fs.readSync(3, data, at, size - at);
    if (count === 0) process.exit(125);
    at += count;
  }
  return data;
}

function request() {
  const data = read(read(4).readUInt32LE(0));
  fs.closeSync(3);
  let at = 0;
  const field = () => {
    const end = data.indexOf(0, at);
    const text = data.toString('utf8', at, end);
    at = end + 1;
    return text;
  };
  const directory = field();
  const kind = field();
  const words = new Array(Number(field()));
  const variables = new Array(Number(field()));
  for (let i = 0; i < words.length; ++i) words[i] = field();
  for (let i = 0; i < variables.length; ++i) variables[i] = field();
  for (const variable of variables) {
    const equals = variable.indexOf('=');
    process.env[variable.slice(0, equals)] = variable.slice(equals + 1);
  }
  process.chdir(directory);
  return { kind, words, code: data.toString('utf8', at) };
}

// What node gives to -e and to standard input: require, module and every built-in module as a global.
function evaluate(name, code) {
  const cwd = process.cwd();
  const module = new Module(name);
  module.filename = path.join(cwd, name);
  module.paths = Module._nodeModulePaths(cwd);
  const own = { module, exports: module.exports, require: Module.createRequire(path.join(cwd, name)), __filename: name, __dirname: '.' };
  for (const key of Object.keys(own)) {
    Object.defineProperty(globalThis, key, { value: own[key], writable: true, configurable: true, enumerable: true });
  }
  for (const builtin of Module.builtinModules) {
    if (builtin.startsWith('_') || builtin.includes('/') || builtin in globalThis) continue;
    Object.defineProperty(globalThis, builtin, {
      get: () => require(builtin),
      set: (value) => Object.defineProperty(globalThis, builtin, { value, writable: true, configurable: true }),
      configurable: true,
      enumerable: false,
    });
  }
  const importModuleDynamically = vm.constants && vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  vm.runInThisContext(code, { filename: name, displayErrors: true, importModuleDynamically });
}

delete require.cache[__filename];
process.mainModule = undefined;
fs.writeSync(4, 'w');
fs.closeSync(4);
const { kind, words, code } = request();
if (kind === 'f') {
  process.argv = [process.argv[0], path.resolve(words[0]), ...words.slice(1)];
  process.nextTick(Module.runMain);  // not from here, so that no stack shows this file
} else {
  const name = kind === 'c' ? '[eval]' : '[stdin]';
  process.argv = kind === 'c' ? [process.argv[0], ...words] : [process.argv[0], '-', ...words];
  if (kind === 'c') process.execArgv = ['-e', code];
  if (kind === 'c') process._eval = code;
  evaluate(name, code);
}
