// Seeds single faults into the JavaScript translation of HumanEval.
//
//   node seed_faults.mjs --tasks DIR --out DIR --count N --seed N     writes cases/ID/{solution.js,examples.test.js}, manifest.jsonl
//   node seed_faults.mjs --list FILE                                  prints { class: [{ line, edits }] } of one file
//
// A fault counts when one of the examples and the official check fail in a fresh context; at most one in ten may hang.

import assert from 'node:assert';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import vm from 'node:vm';

import { CLASSES, faults, sites } from './javascript_faults.mjs';

const LIMIT_MS = 500;
const HANG_SHARE = 0.1;
const PER_TASK = 4;

// mulberry32 (Tommy Ettinger, public domain): small, and the same on every machine.
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffle(list, next) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

function readTask(file) {
  const [solution, rest] = fs.readFileSync(file, 'utf8').split('// --- examples\n');
  const [examples, official] = rest.split('// --- official\n');
  return { id: path.basename(file, '.js'), solution, examples, official };
}

// "pass", "fail" or "slow" for a program that may register tests.
function attempt(task, solution, program) {
  const module = { exports: {} };
  const tests = [];
  const requires = { 'node:assert': assert, 'node:test': (name, body) => tests.push(body), './solution': null };
  const context = vm.createContext({ module, console: { log() {} }, require: (name) => (name === './solution' ? module.exports : requires[name]) });
  const run = (code) => vm.runInContext(code, context, { timeout: LIMIT_MS });
  try {
    run(`(function () {${solution}\n${program === task.official ? program : ''}})()`);
    if (program !== task.official) {
      run(`(function () {${program}})()`);
      for (const body of tests) {
        context.body = body;
        run('body()');
      }
    }
    return 'pass';
  } catch (error) {
    return error?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? 'slow' : 'fail';
  }
}

function admitted(task, changed) {
  const examples = attempt(task, changed, task.examples);
  return examples === 'pass' || attempt(task, changed, task.official) === 'pass' ? null : examples;
}

function pick(kind, tasks, share, used, seen, next) {
  const pools = shuffle(tasks.map((task) => ({ task, pool: shuffle(faults(task.solution, kind), next) })), next);
  const count = (item) => used.get(item.task.id) ?? 0;
  const found = [];
  let hangs = 0;
  for (let progress = true; progress && found.length < share;) {
    progress = false;
    for (const item of [...pools].sort((a, b) => count(a) - count(b))) {
      while (item.pool.length > 0 && found.length < share && count(item) < PER_TASK) {
        const fault = item.pool.pop();
        if (seen.has(fault.changed)) continue;
        seen.add(fault.changed);
        const shows = admitted(item.task, fault.changed);
        if (!shows || (shows === 'slow' && hangs >= Math.max(1, Math.floor(share * HANG_SHARE)))) continue;
        hangs += shows === 'slow';
        used.set(item.task.id, count(item) + 1);
        found.push({ task: item.task, ...fault, shows });
        progress = true;
        break;
      }
    }
  }
  return found;
}

function build({ tasks: folder, out, count, seed }) {
  const tasks = fs.readdirSync(folder).filter((name) => name.endsWith('.js')).sort().map((name) => readTask(path.join(folder, name)));
  for (const task of tasks) {
    for (const program of [task.examples, task.official]) {
      if (attempt(task, task.solution, program) !== 'pass') throw new Error(`the reference of task ${task.id} does not pass its tests`);
    }
  }
  const kinds = Object.keys(CLASSES);
  const share = Math.floor(count / kinds.length);
  const next = random(seed);
  const used = new Map();
  const seen = new Set();
  const manifest = [];
  console.error(`${tasks.length} tasks; ${share} cases in each of ${kinds.length} classes`);
  for (const kind of kinds) {
    const cases = pick(kind, tasks, share, used, seen, next);
    console.error(`  ${kind.padEnd(18)} ${cases.length}`);
    cases.forEach(({ task, line, changed, shows }, number) => {
      const id = `${kind}-${String(number).padStart(2, '0')}`;
      const target = path.join(out, 'cases', id);
      fs.mkdirSync(target, { recursive: true });
      fs.writeFileSync(path.join(target, 'solution.js'), changed);
      fs.writeFileSync(path.join(target, 'examples.test.js'), task.examples);
      manifest.push({ id, class: kind, task: task.id, line, shows, file: 'solution.js', reference: task.solution, official: task.official });
    });
  }
  fs.writeFileSync(path.join(out, 'manifest.jsonl'), manifest.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

const text = { type: 'string' };
const { values } = parseArgs({ options: { tasks: text, out: text, count: text, seed: text, list: text } });
if (values.list) {
  const source = fs.readFileSync(values.list, 'utf8');
  console.log(JSON.stringify(Object.fromEntries(Object.keys(CLASSES).map((kind) => [kind, sites(source, kind)]))));
} else {
  build({ ...values, count: Number(values.count), seed: Number(values.seed) });
}
