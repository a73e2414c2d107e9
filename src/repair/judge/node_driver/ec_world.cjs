// A world: one realm with a loader and the registered tests of the file(s) loaded into it.
'use strict';

const path = require('node:path');
const { Realm } = require('./ec_realm.cjs');
const { Loader } = require('./ec_loader.cjs');
const { Suites, createGlobals } = require('./ec_suites.cjs');
const { createNodeTest } = require('./ec_node_test.cjs');

class World {
  /// `project`: {root, directory, framework, plan, sources, marker}; `hooks`: {onError, enter, ticked}.
  constructor(project, hooks, edited, main) {
    this.project = project;
    this.loaded = new Set();
    this.loading = [];
    this.realm = new Realm({ argv: [process.execPath, main, ...(project.framework === 'script' ? project.scriptWords : [])], directory: project.directory, ...hooks, onExit: () => this.idle && this.idle() });
    this.main = main;
    const { framework, plan } = project;
    this.suites = new Suites(framework, this.realm, { timeout: plan.timeout, ui: plan.ui, onlyFlag: plan.onlyFlag, loading: this.loading, enter: hooks.enter });
    const provided = new Map();
    this.loader = new Loader(project.sources, this.realm, edited, provided, project.marker);
    if (framework === 'node-test' || framework === 'script') {
      const api = createNodeTest(this.suites);
      provided.set('node:test', () => api);
    } else if (framework !== 'tape') {
      const globals = createGlobals(this.suites);
      if (framework !== 'vitest' || plan.globals) for (const [name, value] of Object.entries(globals)) this.realm.global[name] = value;
      provided.set({ mocha: 'mocha', jest: '@jest/globals', vitest: 'vitest' }[framework], () => globals);
    }
    if (project.onWorld) project.onWorld(this);
  }

  relative(file) {
    return path.relative(this.project.root, file).split(path.sep).join('/');
  }

  /// Loads the set-up files once, then `file`; its tests are registered when the promise is done.
  async load(file) {
    if (this.loaded.has(file)) return;
    if (this.loaded.size === 0) {
      for (const setup of this.project.plan.setup) {
        const wanted = /^\.{0,2}\//.test(setup) ? path.resolve(this.project.directory, setup) : setup;
        await this.loader.load(this.loader.resolve(wanted, path.join(this.project.directory, 'package.json')), false);
      }
    }
    this.loaded.add(file);
    this.suites.beginFile(this.relative(file));
    try {
      const loading = this.loader.load(file, this.project.framework === 'node-test' || this.project.framework === 'script');
      if (loading) await loading;
    } catch (error) {
      if (!this.leftByItself()) throw error;
    }
    while (this.loading.length) await this.loading.shift();
  }

  /// A program may end itself with 0; where something it called does that, a failure is being hidden.
  leftByItself() {
    return this.realm.exited === true && this.realm.exitCode === 0 && this.realm.exitedBy === this.main && !this.strayErrors;
  }

  /// The registered test that has to run for `id` to get a result: itself or the test it is a subtest of.
  find(id) {
    for (let name = id; ;) {
      const test = this.suites.tests.get(name);
      if (test) return test;
      const cut = name.lastIndexOf(' > ');
      if (cut < 0) return null;
      name = name.slice(0, cut);
    }
  }
}

module.exports = { World };
