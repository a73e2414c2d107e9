// The module loader of one realm: CommonJS and ES modules of the project and of its libraries, run inside the context.
// One Loader belongs to one Realm and dies with it.
'use strict';

const vm = require('node:vm');
const path = require('node:path');
const nodeModule = require('node:module');
const { pathToFileURL, fileURLToPath } = require('node:url');

class Loader {
  /// `edited`: absolute file -> Buffer with the candidate's text. `provided`: module name -> exports of test-framework
  /// modules that this driver plays itself.
  constructor(sources, realm, edited, provided, marker = '') {
    this.sources = sources;
    this.realm = realm;
    this.edited = edited;
    this.provided = provided;
    this.marker = marker;
    this.cache = realm.intrinsics.object();
    this.modules = new Map();
    this.main = undefined;
  }

  /// Loads a file as the program's entry or as a test file; a promise for ES modules, else undefined.
  load(file, asMain) {
    if (this.sources.format(file) === 'module') return this.importFile(file);
    try {
      this.requireFile(file, null, asMain);
      return undefined;
    } catch (error) {
      if (!this.looksLikeModule(error, file)) throw error;
      delete this.cache[file];
      this.sources.formats.set(file, 'module');
      return this.importFile(file);
    }
  }

  /// ES module syntax in a file that nothing declares as such: newer Node, vitest and jest's transforms accept it.
  looksLikeModule(error, file) {
    return error && error.name === 'SyntaxError' && path.extname(file) !== '.cjs' &&
      /Cannot use import statement|Unexpected token 'export'|Cannot use 'import.meta'/.test(error.message) &&
      !(this.sources.nearestPackage(path.dirname(file))?.json.type === 'commonjs');
  }

  // CommonJS ---------------------------------------------------------------------------------------------------------

  makeRequire(module) {
    const { sources, realm } = this;
    const parent = module.filename;
    const require = (specifier) => this.require(specifier, module);
    require.resolve = (specifier) => {
      if (nodeModule.isBuiltin(specifier) || this.provided.has(specifier)) return specifier;
      return this.resolve(specifier, parent);
    };
    require.resolve.paths = (specifier) => nodeModule.createRequire(parent).resolve.paths(specifier);
    require.cache = this.cache;
    require.main = this.main;
    require.extensions = realm.intrinsics.object();
    return require;
  }

  resolve(specifier, parent) {
    try {
      return this.sources.resolveRequire(specifier, parent);
    } catch (error) {
      throw this.realm.adopt(error);
    }
  }

  require(specifier, module) {
    if (typeof specifier !== 'string') throw new this.realm.intrinsics.TypeError('The "id" argument must be of type string');
    if (this.provided.has(specifier)) return this.provided.get(specifier)();
    if (nodeModule.isBuiltin(specifier)) {
      if (specifier === 'module' || specifier === 'node:module') return this.moduleModule();
      return this.realm.builtin(specifier);
    }
    return this.requireFile(this.resolve(specifier, module.filename), module, false);
  }

  moduleModule() {
    const loader = this;
    const copy = Object.assign(function Module() {}, nodeModule);
    copy.createRequire = (from) => {
      const file = String(from).startsWith('file:') ? fileURLToPath(from) : String(from);
      return loader.makeRequire(loader.makeModule(file, null));
    };
    copy.default = copy;
    return copy;
  }

  makeModule(file, parent) {
    const module = this.realm.intrinsics.object();
    Object.assign(module, { id: file, path: path.dirname(file), exports: this.realm.intrinsics.object(), filename: file,
      loaded: false, children: this.realm.intrinsics.array(0), paths: this.realm.intrinsics.array(0), parent });
    module.require = (specifier) => this.require(specifier, module);
    return module;
  }

  requireFile(file, parent, asMain) {
    const known = this.cache[file];
    if (known) return known.exports;
    const format = this.sources.format(file);
    const module = this.makeModule(file, parent);
    if (format === 'addon') return require(file);
    if (format === 'module') {
      if (process.features.require_module === true && this.fitsPlain(file, [])) {
        const { namespace } = this.runPlain(file);
        return 'module.exports' in namespace ? namespace['module.exports'] : namespace;
      }
      const error = new this.realm.intrinsics.Error(`require() of ES Module ${file} not supported`);
      error.code = 'ERR_REQUIRE_ESM';
      throw error;
    }
    this.cache[file] = module;
    if (asMain) {
      module.id = '.';
      this.main = module;
    }
    let done = false;
    try {
      if (format === 'json') module.exports = this.realm.intrinsics.JSON.parse(this.text(file).toString('utf8').replace(/^\ufeff/, ''));
      else this.runCommonjs(file, module);
      done = true;
    } finally {
      if (!done) delete this.cache[file];
    }
    module.loaded = true;
    return module.exports;
  }

  text(file) {
    return this.edited.get(file) || this.sources.bytes(file);
  }

  runCommonjs(file, module) {
    let run;
    try {
      const script = this.sources.commonjs(file, this.edited.get(file), this.importer, this.marker);
      run = script.runInContext(this.realm.context);
    } catch (error) {
      throw this.realm.adopt(error);
    }
    run.call(module.exports, module.exports, this.makeRequire(module), module, file, path.dirname(file));
  }

  // ES modules -------------------------------------------------------------------------------------------------------

  async importFile(file) {
    if (!this.viaVm && this.fitsPlain(file, [])) return { namespace: this.runPlain(file).namespace };
    // Modules of one world must be of one kind: they import each other.
    this.viaVm = true;
    const module = await this.linked(await this.moduleFor(file));
    await module.evaluate();
    return module;
  }

  plainOf(file) {
    return this.sources.esModule(file, this.edited.get(file), this.marker);
  }

  kindOf(specifier, resolved) {
    if (this.provided.has(specifier)) return 'provided';
    return nodeModule.isBuiltin(resolved) ? 'builtin' : this.sources.format(resolved);
  }

  /// Whether `file` and all it imports can run as shared functions: no cycle, and every name that is asked for is there.
  fitsPlain(file, above) {
    this.fits ||= new Map();
    if (above.includes(file)) return false;
    if (this.fits.has(file)) return this.fits.get(file);
    const plain = this.plainOf(file);
    const fits = plain !== null && plain.dependencies.every(({ specifier, names }) => {
      const target = this.provided.has(specifier) ? specifier : this.sources.resolveImport(specifier, file);
      if (this.kindOf(specifier, target) !== 'module') return true;
      if (!this.fitsPlain(target, [...above, file])) return false;
      const { exportNames, hasStar } = this.plainOf(target);
      return names === null || hasStar || names.every((name) => exportNames.includes(name));
    });
    this.fits.set(file, fits);
    return fits;
  }

  /// Runs a module once, after what it imports: {namespace}.
  runPlain(file) {
    this.plainModules ||= new Map();
    const known = this.plainModules.get(file);
    if (known) return known;
    const plain = this.plainOf(file);
    const record = { namespace: Object.create(null) };
    this.plainModules.set(file, record);
    const spaces = plain.dependencies.map(({ specifier }) => {
      const target = this.provided.has(specifier) ? specifier : this.sources.resolveImport(specifier, file);
      const kind = this.kindOf(specifier, target);
      if (kind === 'module') return { own: this.runPlain(target).namespace };
      if (kind === 'provided') return { foreign: this.provided.get(specifier)() };
      if (kind === 'builtin') return { foreign: /^(node:)?module$/.test(target) ? this.moduleModule() : this.realm.builtin(target) };
      return { foreign: this.requireFile(target, null, false) };
    });
    plain.script.runInContext(this.realm.context).call(undefined, this.plainRuntime(file, plain, record, spaces));
    return record;
  }

  /// What the head of a transpiled module talks to.
  plainRuntime(file, plain, { namespace }, spaces) {
    const absent = (index, name) => {
      throw new this.realm.intrinsics.SyntaxError(`The requested module '${plain.dependencies[index].specifier}' does not provide an export named '${name}'`);
    };
    const all = ({ own, foreign }) => own || Object.assign(Object.create(null), foreign, { default: foreign });
    const runtime = {
      d: undefined,
      exports: (getters) => {
        for (const name of Object.keys(getters)) {
          if (!(name in namespace)) Object.defineProperty(namespace, name, { get: getters[name], enumerable: true });
        }
        Object.defineProperty(namespace, Symbol.toStringTag, { value: 'Module' });
      },
      get: (index, name) => {
        const { own, foreign } = spaces[index];
        if (own) return name in own ? own[name] : absent(index, name);
        if (name === 'default') return foreign;
        return name in Object(foreign) ? foreign[name] : absent(index, name);
      },
      all: (index) => all(spaces[index]),
      star: (index) => {
        const from = all(spaces[index]);
        return Object.fromEntries(Object.keys(from).filter((name) => name !== 'default').map((name) => [name, () => from[name]]));
      },
    };
    const loader = this;
    Object.defineProperty(runtime, 'meta', {
      get() {
        const meta = Object.create(null);
        loader.fillMeta(meta, pathToFileURL(file).href, file);
        Object.defineProperty(runtime, 'meta', { value: meta });
        return meta;
      },
      configurable: true,
    });
    return runtime;
  }

  /// Linking a module twice at the same time is an error of vm's, so concurrent imports share one promise.
  linked(module) {
    if (!module.ec_linked) {
      module.ec_linked = module.status === 'unlinked'
        ? module.link((specifier, from) => this.dependency(specifier, from)).then(() => module)
        : Promise.resolve(module);
    }
    return module.ec_linked;
  }

  dependency(specifier, from) {
    const file = this.provided.has(specifier) ? specifier : this.sources.resolveImport(specifier, fileOf(from.identifier));
    return this.moduleFor(file, specifier, from.ec_text === undefined ? null : importedNames(from.ec_text, specifier));
  }

  /// One vm module for a resolved file or builtin. ES modules are created synchronously, so cycles find each other.
  /// `names`: what the importer wants of a module that is no ES module; null for everything.
  moduleFor(file, specifier = file, names = null) {
    if (this.provided.has(specifier)) return this.synthetic(`provided:${specifier}`, () => this.provided.get(specifier)(), names);
    if (nodeModule.isBuiltin(file)) {
      return this.synthetic(`builtin:${file}`, () => (/^(node:)?module$/.test(file) ? this.moduleModule() : this.realm.builtin(file)), names);
    }
    if (this.sources.format(file) === 'commonjs') {
      try {
        return this.synthetic(file, () => this.requireFile(file, null, false), names);
      } catch (error) {
        if (!this.looksLikeModule(error, file)) throw error;
        this.sources.formats.set(file, 'module');
      }
    }
    if (this.sources.format(file) !== 'module') return this.synthetic(file, () => this.requireFile(file, null, false), names);
    return this.modules.get(file) || this.sourceModule(file);
  }

  sourceModule(file) {
    const url = pathToFileURL(file).href;
    let text = this.sources.modules.get(file);
    let module;
    try {
      if (this.edited.has(file) || text === undefined) {
        text = this.sources.javascript(file, this.text(file));
        if (!this.edited.has(file) && this.sources.texts.has(file)) this.sources.modules.set(file, text);
      }
      const options = { identifier: url, context: this.realm.context };
      // Both hooks cost something for every module, and few modules need them.
      if (/\bimport\s*\(/.test(text)) options.importModuleDynamically = this.importer;
      if (text.includes('import.meta')) options.initializeImportMeta = (meta) => this.fillMeta(meta, url, file);
      module = new vm.SourceTextModule(text + this.marker, options);
      Loader.leaked++;
    } catch (error) {
      throw this.realm.adopt(error);
    }
    module.ec_loader = this;
    module.ec_text = text;
    this.modules.set(file, module);
    return module;
  }

  fillMeta(meta, url, file) {
    meta.url = url;
    meta.filename = file;
    meta.dirname = path.dirname(file);
    meta.resolve = (wanted) => {
      const found = this.sources.resolveImport(wanted, file);
      return path.isAbsolute(found) ? pathToFileURL(found).href : `node:${found.replace(/^node:/, '')}`;
    };
  }

  /// An ES module around something else. Every exported name costs, so there is one per set of wanted names.
  synthetic(origin, get, wanted) {
    const key = wanted ? `${origin}\0${wanted.join()}` : origin;
    const known = this.modules.get(key);
    if (known) return known;
    const value = get();
    const names = new Set(['default', ...(wanted || [])]);
    if (!wanted && value !== null && (typeof value === 'object' || typeof value === 'function')) {
      for (const name of Object.keys(value)) names.add(name);
      if (typeof value === 'object') for (const name in value) names.add(name);
      if (origin.startsWith('builtin:')) for (const name of Object.getOwnPropertyNames(value)) names.add(name);
    }
    if (wanted) for (const name of wanted) if (name !== 'default' && !(name in Object(value))) names.delete(name);
    const module = new vm.SyntheticModule([...names], function fill() {
      for (const name of names) {
        if (name === 'default') continue;
        let item;
        try {
          item = value[name];
        } catch {
          item = undefined;
        }
        this.setExport(name, item);
      }
      const inner = value && value.__esModule === true && origin.startsWith('provided:') ? value.default : value;
      this.setExport('default', inner);
    }, { identifier: origin, context: this.realm.context });
    module.ec_loader = this;
    this.modules.set(key, module);
    return module;
  }
}

const importClauses = new Map();

/// Names that `text` imports from `specifier`; null when it may want all of them.
function importedNames(text, specifier) {
  const key = `${specifier}\0${text}`;
  if (importClauses.has(key)) return importClauses.get(key);
  const quoted = specifier.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const names = new Set();
  let whole = false;
  for (const [, clause] of text.matchAll(new RegExp(`\\b(?:import|export)\\b((?:\\s|[\\w$,{}*]|/\\*.*?\\*/|//.*\\n)*?)(?:from\\s*)?['"]${quoted}['"]`, 'g'))) {
    if (clause.includes('*') || clause.includes('/')) whole = true;
    const braces = /\{([^}]*)\}/.exec(clause);
    if (braces) for (const item of braces[1].split(',')) if (item.trim()) names.add(item.trim().split(/\s+/)[0]);
  }
  const found = whole ? null : [...names].sort();
  if (importClauses.size > 5000) importClauses.clear();
  importClauses.set(key, found);
  return found;
}

function fileOf(identifier) {
  return identifier.startsWith('file:') ? fileURLToPath(identifier) : identifier;
}

/// Dynamic import belongs to the loader of the candidate that runs now: scripts are shared between candidates.
let current = null;
async function importDynamically(specifier, referrer) {
  const loader = (referrer && referrer.ec_loader) || current;
  const parent = referrer && referrer.identifier ? fileOf(referrer.identifier)
    : (referrer && referrer.ec_file) || path.join(loader.sources.root, 'package.json');
  const module = await loader.linked(await loader.moduleFor(loader.provided.has(specifier) ? specifier : loader.sources.resolveImport(specifier, parent), specifier));
  await module.evaluate();
  return module;
}
Loader.prototype.importer = importDynamically;
/// Node never frees a source text module nor the context it was made for: how many there are by now.
Loader.leaked = 0;
Loader.makeCurrent = (loader) => { current = loader; };

module.exports = { Loader };
