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
    const module = await this.linked(await this.moduleFor(file));
    await module.evaluate();
    return module;
  }

  /// Linking a module twice at the same time is an error of vm's, so concurrent imports share one promise.
  linked(module) {
    if (!module.ec_linked) {
      module.ec_linked = module.status === 'unlinked'
        ? module.link((specifier, from) => this.moduleFor(this.sources.resolveImport(specifier, fileOf(from.identifier)), specifier)).then(() => module)
        : Promise.resolve(module);
    }
    return module.ec_linked;
  }

  /// One vm module for a resolved file or builtin. ES modules are created synchronously, so cycles find each other.
  moduleFor(file, specifier = file) {
    if (this.provided.has(specifier)) return this.synthetic(`provided:${specifier}`, () => this.provided.get(specifier)());
    if (nodeModule.isBuiltin(file)) {
      return this.synthetic(`builtin:${file}`, () => (/^(node:)?module$/.test(file) ? this.moduleModule() : this.realm.builtin(file)));
    }
    if (this.sources.format(file) === 'commonjs') {
      try {
        return this.synthetic(file, () => this.requireFile(file, null, false));
      } catch (error) {
        if (!this.looksLikeModule(error, file)) throw error;
        this.sources.formats.set(file, 'module');
      }
    }
    if (this.sources.format(file) !== 'module') return this.synthetic(file, () => this.requireFile(file, null, false));
    const known = this.modules.get(file);
    if (known) return known;
    const url = pathToFileURL(file).href;
    let module;
    try {
      module = new vm.SourceTextModule(this.sources.javascript(file, this.text(file)) + this.marker, {
        identifier: url,
        context: this.realm.context,
        importModuleDynamically: this.importer,
        initializeImportMeta: (meta) => {
          meta.url = url;
          meta.filename = file;
          meta.dirname = path.dirname(file);
          meta.resolve = (wanted) => {
            const found = this.sources.resolveImport(wanted, file);
            return path.isAbsolute(found) ? pathToFileURL(found).href : `node:${found.replace(/^node:/, '')}`;
          };
        },
      });
    } catch (error) {
      throw this.realm.adopt(error);
    }
    module.ec_loader = this;
    this.modules.set(file, module);
    return module;
  }

  synthetic(key, get) {
    const known = this.modules.get(key);
    if (known) return known;
    const value = get();
    const names = new Set(['default']);
    if (value !== null && (typeof value === 'object' || typeof value === 'function')) {
      for (const name of Object.keys(value)) names.add(name);
      if (typeof value === 'object') for (const name in value) names.add(name);
      if (key.startsWith('builtin:')) for (const name of Object.getOwnPropertyNames(value)) names.add(name);
    }
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
      const inner = value && value.__esModule === true && key.startsWith('provided:') ? value.default : value;
      this.setExport('default', inner);
    }, { identifier: key, context: this.realm.context });
    module.ec_loader = this;
    this.modules.set(key, module);
    return module;
  }
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
Loader.makeCurrent = (loader) => { current = loader; };

module.exports = { Loader };
