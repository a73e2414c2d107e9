// Source texts and compiled scripts that candidates share: a file is read and compiled once; an edited file lives only
// as long as its candidate. Nothing here holds state of a program under test.
'use strict';

const fs = require('node:fs');
const vm = require('node:vm');
const path = require('node:path');
const nodeModule = require('node:module');

const { pathToFileURL } = require('node:url');
const { transpile } = require('./ec_transpile.cjs');

const WRAPPER_HEAD = '(function (exports, require, module, __filename, __dirname) { ';
const WRAPPER_TAIL = '\n})';
const startedAt = Date.now();

class Sources {
  constructor(root) {
    this.root = root;
    this.texts = new Map();
    this.scripts = new Map();
    this.modules = new Map();
    this.plain = new Map();
    this.heads = new Map();
    this.formats = new Map();
    this.packages = new Map();
    this.resolved = new Map();
  }

  /// Forgets compiled code (it may carry coverage counters), keeps the texts.
  dropScripts() {
    this.scripts.clear();
    this.plain.clear();
  }

  bytes(file) {
    const known = this.texts.get(file);
    if (known) return known;
    const bytes = fs.readFileSync(file);
    // A file that a test wrote a moment ago may be written again.
    if (fs.statSync(file).mtimeMs < startedAt) this.texts.set(file, bytes);
    return bytes;
  }

  /// Original bytes with `edits` ({begin, end, text}; byte offsets into the original) put in.
  edited(file, edits) {
    const original = this.bytes(file);
    const ordered = [...edits].sort((a, b) => a.begin - b.begin || a.end - b.end);
    const parts = [];
    let at = 0;
    for (const edit of ordered) {
      if (edit.begin < at || edit.end < edit.begin || edit.end > original.length) throw new Error(`bad edit of ${file}`);
      parts.push(original.subarray(at, edit.begin), edit.hex === undefined ? Buffer.from(edit.text) : Buffer.from(edit.hex, 'hex'));
      at = edit.end;
    }
    parts.push(original.subarray(at));
    return Buffer.concat(parts);
  }

  inRoot(file) {
    return file.startsWith(this.root + path.sep);
  }

  /// Relative path of a file of the project itself, or null for libraries and everything outside.
  projectPath(file) {
    if (!this.inRoot(file) || file.includes(`${path.sep}node_modules${path.sep}`)) return null;
    return file.slice(this.root.length + 1);
  }

  nearestPackage(directory) {
    if (this.packages.has(directory)) return this.packages.get(directory);
    let found = null;
    try {
      found = { directory, json: JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8')) };
    } catch {
      const parent = path.dirname(directory);
      if (parent !== directory && path.basename(directory) !== 'node_modules') found = this.nearestPackage(parent);
    }
    this.packages.set(directory, found);
    return found;
  }

  /// 'commonjs', 'module', 'json' or 'addon', by Node's rules.
  format(file) {
    const extension = path.extname(file);
    if (extension === '.json') return 'json';
    if (extension === '.node') return 'addon';
    if (extension === '.mjs' || extension === '.mts') return 'module';
    if (extension === '.cjs' || extension === '.cts') return 'commonjs';
    const known = this.formats.get(file);
    if (known) return known;
    const found = this.nearestPackage(path.dirname(file));
    return found && found.json.type === 'module' ? 'module' : 'commonjs';
  }

  /// Text as JavaScript: types stripped where this Node can do that without moving anything.
  javascript(file, bytes) {
    let text = bytes.toString('utf8');
    if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    if (text.startsWith('#!')) text = `//${text.slice(2)}`;
    if (/\.[cm]?tsx?$/.test(file)) {
      if (typeof nodeModule.stripTypeScriptTypes !== 'function') throw new Error('TypeScript needs the project\'s own runner');
      text = nodeModule.stripTypeScriptTypes(text, { mode: 'strip' });
    }
    return text;
  }

  /// Compiled CommonJS function of `file`; shared between contexts unless `bytes` (an edited text) is given.
  commonjs(file, bytes, importer, marker) {
    if (!bytes) {
      const known = this.scripts.get(file);
      if (known) return known;
    }
    const text = this.javascript(file, bytes || this.bytes(file));
    // The marker keeps V8's own cache from handing out code compiled for another purpose (with coverage or without).
    const options = { filename: file, columnOffset: -WRAPPER_HEAD.length };
    if (/\bimport\s*\(/.test(text)) options.importModuleDynamically = importer;
    const script = new vm.Script(`${WRAPPER_HEAD}${text}${WRAPPER_TAIL}${marker}`, options);
    script.ec_file = file;
    if (!bytes && this.texts.has(file)) this.scripts.set(file, script);
    return script;
  }

  /// An ES module as a shared function: {script, dependencies, exportNames, hasStar}; null when only vm can load it.
  esModule(file, bytes, marker) {
    if (!bytes && this.plain.has(file)) return this.plain.get(file);
    const parts = transpile(this.javascript(file, bytes || this.bytes(file)));
    let found = null;
    if (parts) {
      try {
        const script = new vm.Script(parts.text + marker, { filename: pathToFileURL(file).href, columnOffset: -parts.head });
        found = { script, ...parts };
      } catch {
        // What is no module, vm says better.
      }
    }
    if (!bytes) {
      this.heads.set(file, found ? parts.head : 0);
      if (this.texts.has(file)) this.plain.set(file, found);
    }
    return found;
  }

  /// Characters that stand before the file's own in its compiled text.
  headOf(file) {
    return this.format(file) === 'module' ? this.heads.get(file) || 0 : WRAPPER_HEAD.length;
  }

  resolveRequire(specifier, parent) {
    const key = `${path.dirname(parent)}\0${specifier}`;
    const known = this.resolved.get(key);
    if (known !== undefined) return known;
    const found = nodeModule.createRequire(parent).resolve(specifier);
    this.resolved.set(key, found);
    return found;
  }

  resolveImport(specifier, parent) {
    if (nodeModule.isBuiltin(specifier)) return specifier;
    const key = `${path.dirname(parent)}\0import\0${specifier}`;
    const known = this.resolved.get(key);
    if (known !== undefined) return known;
    const found = this.findImport(specifier, parent);
    this.resolved.set(key, found);
    return found;
  }

  findImport(specifier, parent) {
    if (specifier.startsWith('file:')) return require('node:url').fileURLToPath(specifier);
    if (/^\.{0,2}\//.test(specifier) || specifier === '.' || specifier === '..') {
      const file = path.resolve(path.dirname(parent), decodeURIComponent(specifier.replace(/[?#].*$/, '')));
      if (fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return fs.realpathSync(file);
      // Bundler-style imports without an extension, which vitest and jest accept.
      return this.resolveRequire(file, parent);
    }
    const own = this.nearestPackage(path.dirname(parent));
    if (specifier.startsWith('#')) return this.target(own.directory, own.json.imports, specifier, specifier);
    const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(specifier);
    if (own && own.json.name === name && own.json.exports) return this.target(own.directory, own.json.exports, `.${rest || ''}`, specifier);
    for (let directory = path.dirname(parent); ; directory = path.dirname(directory)) {
      const candidate = path.join(directory, 'node_modules', name);
      if (fs.existsSync(candidate)) {
        const found = this.nearestPackage(fs.realpathSync(candidate));
        if (found && found.json.exports) return this.target(found.directory, found.json.exports, `.${rest || ''}`, specifier);
        break;
      }
      if (path.dirname(directory) === directory) break;
    }
    return this.resolveRequire(specifier, parent);
  }

  /// The file that a package's exports or imports map names for `key` (Node's PACKAGE_TARGET_RESOLVE).
  target(directory, map, key, specifier) {
    let table = map;
    if (typeof table === 'string' || Array.isArray(table) || (table && !Object.keys(table).some((k) => k.startsWith('.') || k.startsWith('#')))) {
      table = { '.': table };
    }
    let chosen = table && table[key];
    let star = '';
    if (chosen === undefined) {
      let best = '';
      for (const pattern of Object.keys(table || {})) {
        const [head, tail, more] = pattern.split('*');
        if (tail === undefined || more !== undefined || head.length < best.length) continue;
        if (key.startsWith(head) && key.endsWith(tail) && key.length >= pattern.length - 1) {
          best = head;
          chosen = table[pattern];
          star = key.slice(head.length, key.length - tail.length);
        }
      }
    }
    const walk = (value) => {
      if (typeof value === 'string') return value;
      if (Array.isArray(value)) return value.map(walk).find(Boolean);
      if (value && typeof value === 'object') {
        for (const condition of Object.keys(value)) {
          if (['node', 'import', 'default', 'module-sync', 'node-addons'].includes(condition)) {
            const found = walk(value[condition]);
            if (found) return found;
          }
        }
      }
      return undefined;
    };
    const found = walk(chosen);
    if (!found) {
      const error = new Error(`Package subpath '${key}' is not defined for '${specifier}'`);
      error.code = 'ERR_PACKAGE_PATH_NOT_EXPORTED';
      throw error;
    }
    const text = found.split('*').join(star);
    if (!text.startsWith('.')) return this.findImport(text, path.join(directory, 'package.json'));
    return fs.realpathSync(path.join(directory, text));
  }
}

module.exports = { Sources, WRAPPER_HEAD };
