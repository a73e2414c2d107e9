// Which files a test command means: the runners' own rules for arguments, defaults and configuration. What a
// configuration asks for beyond what this driver plays is refused, so that the engine uses the real runner.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const nodeMajor = Number(process.versions.node.split('.')[0]);

class Refused extends Error {}

function walk(directory, visit, skip = new Set(['node_modules', '.git'])) {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) {
      if (!skip.has(entry.name)) walk(full, visit, skip);
    } else if (entry.isFile()) visit(full);
  }
}

/// A glob as a regular expression over '/'-separated relative paths: ** * ? {a,b} [x] and extglob ?(x) @(x) *(x) +(x).
function globRegExp(glob) {
  let out = '';
  const closers = [];
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i];
    if ('?@*+'.includes(c) && glob[i + 1] === '(') {
      closers.push(c === '@' ? ')' : `)${c}`);
      out += '(?:';
      i++;
    } else if (c === ')' && closers.length) out += closers.pop();
    else if (c === '|' && closers.length) out += '|';
    else if (c === '*' && glob[i + 1] === '*') {
      i++;
      if (glob[i + 1] === '/') {
        i++;
        out += '(?:[^/]+/)*';
      } else out += '.*';
    } else if (c === '*') out += '[^/]*';
    else if (c === '?') out += '[^/]';
    else if (c === '{') { closers.push('}'); out += '(?:'; }
    else if (c === '}' && closers.at(-1) === '}') { closers.pop(); out += ')'; }
    else if (c === ',' && closers.at(-1) === '}') out += '|';
    else if (c === '[') {
      const end = glob.indexOf(']', i + 1);
      if (end < 0) { out += '\\['; continue; }
      out += `[${glob.slice(i + 1, end).replace(/^!/, '^').replace(/\\/g, '\\\\')}]`;
      i = end;
    } else out += c.replace(/[.+^${}()|\\\]]/g, '\\$&');
  }
  return new RegExp(`^${out}$`);
}

const isGlob = (text) => /[*?{[]|[@+]\(/.test(text);

function matching(directory, globs) {
  const patterns = globs.map((glob) => globRegExp(path.posix.normalize(glob.replace(/^\.\//, ''))));
  const found = [];
  walk(directory, (file) => {
    const relative = path.relative(directory, file).split(path.sep).join('/');
    if (patterns.some((pattern) => pattern.test(relative))) found.push(file);
  });
  return found;
}

/// Splits words into positional ones and options; `valued` names the options that take the next word.
function parseWords(words, valued) {
  const positional = [];
  const options = new Map();
  const add = (name, value) => options.set(name, [...(options.get(name) || []), value]);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === '--') {
      positional.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') positional.push(word);
    else if (word.includes('=')) add(word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
    else if (valued.has(word)) add(word, words[++i]);
    else add(word, true);
  }
  return { positional, options };
}

function refuseUnknown(options, known) {
  for (const name of options.keys()) {
    if (!known.has(name)) throw new Refused(`the option ${name} is not played by the node driver`);
  }
}

// node --test --------------------------------------------------------------------------------------------------------

const NODE_NAMES = /(^test|^test-.+|[.\-_]test)\.[cm]?js$/;
const NODE_GLOBS = ['**/*.test.?(c|m)js', '**/*-test.?(c|m)js', '**/*_test.?(c|m)js', '**/test-*.?(c|m)js', '**/test.?(c|m)js', '**/test/**/*.?(c|m)js'];

function nodeDirectory(directory, underTest, found) {
  const inside = underTest || path.basename(directory) === 'test';
  for (const entry of fs.readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') nodeDirectory(full, inside, found);
    } else if (/\.[cm]?js$/.test(entry.name) && (inside || NODE_NAMES.test(entry.name))) found.push(full);
  }
}

function nodeTest(words, directory) {
  const { positional, options } = parseWords(words, new Set(['--test-concurrency', '--test-reporter', '--test-reporter-destination',
    '--test-timeout', '--test-name-pattern', '--test-shard', '-r', '--require', '--import']));
  refuseUnknown(options, new Set(['--test', '--test-concurrency', '--test-reporter', '--test-reporter-destination', '--test-timeout',
    '--test-force-exit', '--test-only', '--test-name-pattern', '-r', '--require', '--no-warnings', '--enable-source-maps', '--trace-warnings']));
  const found = [];
  if (positional.length === 0) {
    if (nodeMajor >= 21) found.push(...matching(directory, NODE_GLOBS));
    else nodeDirectory(directory, false, found);
  }
  for (const word of positional) {
    const full = path.resolve(directory, word);
    const stat = fs.statSync(full, { throwIfNoEntry: false });
    if (stat && stat.isFile()) found.push(full);
    else if (stat && stat.isDirectory() && nodeMajor < 21) nodeDirectory(full, false, found);
    else if (isGlob(word)) found.push(...matching(directory, [word]));
    else throw new Refused(`there is no test file ${word}`);
  }
  const patterns = (options.get('--test-name-pattern') || []).map((text) => (/^\/.*\/\w*$/.test(text) ? new RegExp(text.slice(1, text.lastIndexOf('/')), text.slice(text.lastIndexOf('/') + 1)) : new RegExp(text)));
  return {
    files: [...new Set(found)],
    setup: [...(options.get('-r') || []), ...(options.get('--require') || [])],
    timeout: options.has('--test-timeout') ? Number(options.get('--test-timeout')[0]) : undefined,
    onlyFlag: options.has('--test-only'),
    grep: patterns.length ? (names) => patterns.some((pattern) => names.some((name) => pattern.test(name))) : null,
  };
}

// mocha --------------------------------------------------------------------------------------------------------------

function packageKey(directory, key) {
  try {
    return JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'))[key];
  } catch {
    return undefined;
  }
}

function mochaConfig(directory) {
  for (const name of ['.mocharc.js', '.mocharc.cjs', '.mocharc.mjs', '.mocharc.yaml', '.mocharc.yml', '.mocharc.jsonc', '.mocharc.json']) {
    const file = path.join(directory, name);
    if (!fs.existsSync(file)) continue;
    if (/\.c?js$/.test(name)) return require(file);
    if (name === '.mocharc.json') return JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, ''));
    throw new Refused(`${name} is not read by the node driver`);
  }
  return packageKey(directory, 'mocha') || {};
}

function mocha(words, directory) {
  const { positional, options } = parseWords(words, new Set(['-R', '--reporter', '-O', '--reporter-option', '--reporter-options', '-r', '--require', '-t', '--timeout',
    '-u', '--ui', '--spec', '--file', '-g', '--grep', '-f', '--fgrep', '--ignore', '--exclude', '-s', '--slow', '--config', '--package', '--extension', '--retries', '--jobs', '-j']));
  refuseUnknown(options, new Set(['-R', '--reporter', '-O', '--reporter-option', '--reporter-options', '-r', '--require', '-t', '--timeout', '-u', '--ui', '--spec', '--file',
    '-g', '--grep', '--recursive', '--exit', '--check-leaks', '-b', '--bail', '-c', '--color', '--colors', '--no-color', '--no-colors', '-s', '--slow', '--ignore', '--exclude', '--extension', '--parallel', '--sort', '-S', '--full-trace']));
  const config = mochaConfig(directory);
  for (const key of Object.keys(config)) {
    if (!['spec', 'require', 'timeout', 'ui', 'recursive', 'file', 'reporter', 'exit', 'color', 'slow', 'bail', 'ignore', 'exclude', 'extension', 'grep', 'check-leaks', 'checkLeaks', 'full-trace', 'package', 'diff', '$schema', 'reporter-option', 'parallel', 'jobs'].includes(key)) throw new Refused(`mocha's ${key} is not played by the node driver`);
  }
  const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
  const option = (...names) => names.flatMap((name) => options.get(name) || []);
  const ui = option('-u', '--ui').at(-1) || config.ui || 'bdd';
  if (!['bdd', 'tdd'].includes(ui)) throw new Refused(`mocha's ui ${ui} is not played by the node driver`);
  const recursive = options.has('--recursive') || config.recursive === true;
  const extensions = list(option('--extension').length ? option('--extension') : config.extension || ['js', 'cjs', 'mjs']).flatMap((item) => String(item).split(',')).map((item) => item.replace(/^\./, ''));
  let specs = [...positional, ...option('--spec')];
  if (specs.length === 0) specs = list(config.spec);
  if (specs.length === 0) specs = ['./test'];
  const ignored = [...option('--ignore', '--exclude'), ...list(config.ignore), ...list(config.exclude)].map((glob) => globRegExp(path.posix.normalize(glob.replace(/^\.\//, ''))));
  const found = [];
  for (const spec of specs) {
    const full = path.resolve(directory, spec);
    const stat = fs.statSync(full, { throwIfNoEntry: false });
    if (stat && stat.isFile()) found.push(full);
    else if (stat && stat.isDirectory()) {
      const visit = (file) => extensions.some((extension) => file.endsWith(`.${extension}`)) && found.push(file);
      if (recursive) walk(full, visit);
      else for (const name of fs.readdirSync(full).sort()) if (fs.statSync(path.join(full, name)).isFile()) visit(path.join(full, name));
    } else if (isGlob(spec)) found.push(...matching(directory, [spec]));
    else throw new Refused(`there is no test file ${spec}`);
  }
  const timeout = option('-t', '--timeout').at(-1) ?? config.timeout;
  const grep = option('-g', '--grep').at(-1) || config.grep;
  return {
    files: [...new Set(found)].filter((file) => !ignored.some((pattern) => pattern.test(path.relative(directory, file)))),
    setup: [...list(config.require), ...option('-r', '--require'), ...list(config.file), ...option('--file')],
    timeout: timeout === undefined || timeout === false ? (timeout === false ? 0 : undefined) : Number(timeout),
    ui,
    grep: grep ? (names, full) => new RegExp(grep).test(full) : null,
  };
}

// tape ---------------------------------------------------------------------------------------------------------------

function tape(words, directory) {
  const { positional, options } = parseWords(words, new Set(['-r', '--require']));
  refuseUnknown(options, new Set(['-r', '--require']));
  const files = positional.flatMap((word) => {
    const full = path.resolve(directory, word);
    if (fs.statSync(full, { throwIfNoEntry: false })?.isFile()) return [fs.realpathSync(full)];
    if (!isGlob(word)) throw new Refused(`there is no test file ${word}`);
    return matching(directory, [word]);
  });
  return { files: [...new Set(files)], setup: [...(options.get('-r') || []), ...(options.get('--require') || [])], grep: null };
}

// jest and vitest ----------------------------------------------------------------------------------------------------

const JEST_GLOBS = ['**/__tests__/**/*.?(c|m)js', '**/?(*.)+(spec|test).?(c|m)js'];
const VITEST_GLOBS = ['**/*.{test,spec}.?(c|m)js', '**/*.{test,spec}.?(c|m)ts'];

function jestLike(words, directory, framework) {
  const valued = new Set(['-t', '--testNamePattern', '--reporters', '--outputFile', '--reporter', '--testPathPattern', '--testTimeout', '-c', '--config', '--maxWorkers', '-w', '--root', '--dir']);
  const { positional, options } = parseWords(words, valued);
  refuseUnknown(options, new Set(['-t', '--testNamePattern', '--reporters', '--outputFile', '--reporter', '--json', '--ci', '--runInBand', '-i', '--silent', '--verbose', '--colors', '--no-color',
    '--maxWorkers', '-w', '--testTimeout', '--forceExit', '--run', '--globals', '--passWithNoTests', '--testPathPattern', '--no-coverage', '--coverage=false', '--watch=false', '--no-cache', '--bail', '-b']));
  const config = packageKey(directory, framework) || {};
  for (const name of fs.readdirSync(directory)) {
    if (framework === 'jest' && /^(jest\.config\.\w+|babel\.config\.\w+|\.babelrc.*)$/.test(name)) throw new Refused(`${name} is not read by the node driver`);
    if (framework === 'vitest' && /^(vitest|vite)\.(config|workspace)\.\w+$/.test(name)) throw new Refused(`${name} is not read by the node driver`);
  }
  for (const key of Object.keys(config)) {
    if (!['testEnvironment', 'verbose', 'testMatch', 'testTimeout', 'collectCoverage', 'coverageDirectory', 'collectCoverageFrom', 'coverageReporters', 'clearMocks', 'restoreMocks', 'resetMocks', 'coverageThreshold', 'transform'].includes(key)) throw new Refused(`${framework}'s ${key} is not played by the node driver`);
  }
  if (config.testEnvironment && config.testEnvironment !== 'node') throw new Refused('only the node test environment is played by the node driver');
  if (config.transform && Object.keys(config.transform).length) throw new Refused('transforms are not played by the node driver');
  const globs = config.testMatch ? [].concat(config.testMatch).map((glob) => glob.replace('<rootDir>/', '')) : framework === 'jest' ? JEST_GLOBS : VITEST_GLOBS;
  const wanted = [...positional.filter((word) => !(framework === 'vitest' && word === 'run')), ...(options.get('--testPathPattern') || [])];
  const hits = (file) => wanted.length === 0 || wanted.some((word) => (framework === 'jest' ? new RegExp(word.replace(/^\.\//, ''), 'i').test(file) : file.includes(word.replace(/^\.\//, ''))));
  const grep = options.get('-t') || options.get('--testNamePattern');
  return {
    files: matching(directory, globs).filter(hits),
    setup: [],
    timeout: options.has('--testTimeout') ? Number(options.get('--testTimeout')[0]) : config.testTimeout,
    grep: grep ? (names, full) => new RegExp(grep[0]).test(full) : null,
    globals: framework === 'jest' || options.has('--globals'),
  };
}

/// {files, setup, timeout, ui, grep, onlyFlag, globals} for a command's words; throws Refused.
function discover(framework, words, directory) {
  if (framework === 'script') return { files: [path.resolve(directory, words[0])], setup: [], timeout: undefined, grep: null };
  if (framework === 'node-test') return nodeTest(words, directory);
  if (framework === 'tape') return tape(words, directory);
  if (framework === 'mocha') return mocha(words, directory);
  if (framework === 'jest' || framework === 'vitest') return jestLike(words, directory, framework);
  throw new Refused(`the framework ${framework} is not played by the node driver`);
}

module.exports = { discover, Refused, globRegExp };
