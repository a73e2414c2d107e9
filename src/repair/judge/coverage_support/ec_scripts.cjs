// Preloaded while coverage is taken. Test runners that compile modules through node:vm (jest, vitest) run another text
// than the file's: wrapped, often transpiled. V8 counts in that text, and node keeps the maps only of what its own
// loaders read; so this notes, for each script of the project, how its text lies on the file's. Nothing else changes.
'use strict';
const { appendFileSync } = require('node:fs');
const { fileURLToPath } = require('node:url');
const { isMainThread, threadId } = require('node:worker_threads');
const { syncBuiltinESMExports } = require('node:module');
const { takeCoverage } = require('node:v8');
const vm = require('node:vm');

const { stringify, parse } = JSON;
const root = process.env.EC_COVERAGE_ROOT;
const folder = process.env.EC_COVERAGE_DIR;
const INLINE = /\/\/[#@] sourceMappingURL=data:application\/json[^,]*;base64,([A-Za-z0-9+/=]+)/g;

function pathOf(name) {
  if (typeof name !== 'string') return undefined;
  try {
    const path = name.startsWith('file://') ? fileURLToPath(name) : name;
    return path.startsWith(`${root}/`) && !path.includes('/node_modules/') ? path.replace(/[?#].*$/, '') : undefined;
  } catch {
    return undefined;
  }
}

function note(code, options) {
  const given = typeof options === 'string' ? { filename: options } : options || {};
  const path = pathOf(given.filename || given.identifier);
  if (path === undefined || typeof code !== 'string') return;
  const inline = [...code.matchAll(INLINE)].pop();
  let map;
  if (inline) {
    try {
      map = parse(Buffer.from(inline[1], 'base64').toString('utf8'));
    } catch {
      map = undefined;
    }
  }
  const entry = {
    file: path.slice(root.length + 1),
    // What a runner puts in front of the text, it tells as an offset of the first line's columns, with either sign.
    shift: Math.abs(given.columnOffset || 0),
    lineLengths: code.split('\n').map((line) => line.length),
    sources: map && Array.isArray(map.sources) ? map.sources : [],
    mappings: map && typeof map.mappings === 'string' ? map.mappings : '',
  };
  const name = `${folder}/ec-scripts-${process.pid}-${isMainThread ? 0 : threadId}.jsonl`;
  try {
    appendFileSync(name, `${stringify(entry)}\n`);
  } catch {
    // The run matters more than its coverage.
  }
}

function watch(name, trap) {
  const original = vm[name];
  if (typeof original !== 'function') return;
  vm[name] = new Proxy(original, {
    [trap](target, ...rest) {
      const given = trap === 'construct' ? rest[0] : rest[1];
      note(given[0], given[name === 'compileFunction' ? 2 : name.startsWith('runIn') ? given.length - 1 : 1]);
      return Reflect[trap](target, ...rest);
    },
  });
}

if (root && folder) {
  watch('Script', 'construct');
  watch('SourceTextModule', 'construct');
  for (const name of ['runInThisContext', 'runInContext', 'runInNewContext', 'compileFunction']) watch(name, 'apply');
  syncBuiltinESMExports();
  // vitest ends its workers with a signal, and by a signal node leaves without writing its counters.
  if (process.send) {
    process.once('SIGTERM', () => {
      takeCoverage();
      if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
    });
  }
}
