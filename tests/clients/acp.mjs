// `edgecoder acp` driven by the protocol's own client library. The projects and the stand-in for a model come from the
// environment: EC_ACP is {program, model, secret, projects: [{root, text, test, path, tests, module}]}, a project for each test.
import assert from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import test from 'node:test';
import * as acp from '@agentclientprotocol/sdk';

const given = JSON.parse(process.env.EC_ACP);
const { methods } = acp;
const LIMIT = { timeout: 60000 };

function take() {
  const project = given.projects.pop();
  assert.ok(project, 'a project for each test');
  return { ...project, file: path.join(project.root, project.path), testFile: path.join(project.root, project.tests) };
}

// An editor with buffers of its own, a person who answers as told, and a record of what it was shown.
class Editor {
  buffers = new Map();
  updates = [];
  asked = [];
  written = [];
  reads = [];
  answers = () => 'allow_once';
  watchers = [];

  constructor({ reads = true, writes = true, model = 'oracle:none', args = [] } = {}) {
    this.process = spawn(given.program, ['acp', '--model', `${given.model}#${model}`, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.log = '';
    this.process.stderr.on('data', (data) => (this.log += data));
    this.ended = new Promise((resolve) => this.process.on('exit', (code) => resolve(code)));
    const app = acp.client({ name: 'tests' });
    app.onNotification(methods.client.session.update, ({ params }) => {
      this.updates.push(params);
      this.watchers = this.watchers.filter((watcher) => !watcher(params));
    });
    app.onRequest(methods.client.session.requestPermission, async ({ params }) => {
      this.asked.push(params);
      const answer = await this.answers(params);
      return answer === 'cancelled'
        ? { outcome: { outcome: 'cancelled' } }
        : { outcome: { outcome: 'selected', optionId: answer } };
    });
    if (reads) {
      app.onRequest(methods.client.fs.readTextFile, ({ params }) => {
        this.reads.push(params.path);
        if (this.buffers.has(params.path)) return { content: this.buffers.get(params.path) };
        if (!fs.existsSync(params.path)) throw acp.RequestError.resourceNotFound(params.path);
        return { content: fs.readFileSync(params.path, 'utf8') };
      });
    }
    if (writes) {
      app.onRequest(methods.client.fs.writeTextFile, ({ params }) => {
        this.written.push(params);
        this.buffers.set(params.path, params.content);
        fs.mkdirSync(path.dirname(params.path), { recursive: true });
        fs.writeFileSync(params.path, params.content);
        return {};
      });
    }
    this.connection = app.connect(
      acp.ndJsonStream(Writable.toWeb(this.process.stdin), Readable.toWeb(this.process.stdout)),
    );
    this.agent = this.connection.agent;
    this.capabilities = { fs: { readTextFile: reads, writeTextFile: writes }, terminal: true };
  }

  async open(project, { mode, load, resume } = {}) {
    this.hello = await this.agent.request(methods.agent.initialize, {
      protocolVersion: acp.PROTOCOL_VERSION,
      clientCapabilities: this.capabilities,
    });
    return this.session(project, { mode, load, resume });
  }

  async session(project, { mode, load, resume } = {}) {
    const at = { cwd: project.root, mcpServers: [] };
    let answer;
    if (load) answer = await this.agent.request(methods.agent.session.load, { ...at, sessionId: load });
    else if (resume) answer = await this.agent.request(methods.agent.session.resume, { ...at, sessionId: resume });
    else answer = await this.agent.request(methods.agent.session.new, at);
    const id = load ?? resume ?? answer.sessionId;
    if (mode) await this.agent.request(methods.agent.session.setMode, { sessionId: id, modeId: mode });
    return { ...answer, id };
  }

  prompt(id, ...blocks) {
    return this.agent.request(methods.agent.session.prompt, {
      sessionId: id,
      prompt: blocks.map((block) => (typeof block === 'string' ? { type: 'text', text: block } : block)),
    });
  }

  // Resolves with the first update from now on that `wanted` likes.
  next(wanted) {
    return new Promise((resolve) =>
      this.watchers.push((params) => wanted(params.update) && (resolve(params.update), true)),
    );
  }

  of(kind) {
    return this.updates.map((params) => params.update).filter((update) => update.sessionUpdate === kind);
  }

  text(kind = 'agent_message_chunk') {
    return this.of(kind)
      .map((update) => update.content.text)
      .join('');
  }

  async end() {
    this.process.stdin.end();
    return this.ended;
  }
}

const editors = [];
function editor(options) {
  const made = new Editor(options);
  editors.push(made);
  return made;
}
test.after(() => editors.forEach((made) => made.process.kill('SIGKILL')));

const link = (file) => ({ type: 'resource_link', uri: `file://${file}`, name: path.basename(file) });

test('the agent says what it can do, in the one version that both speak', LIMIT, async () => {
  const it = editor();
  const session = await it.open(take());
  assert.strictEqual(it.hello.protocolVersion, 1);
  assert.strictEqual(it.hello.agentCapabilities.loadSession, true);
  assert.deepStrictEqual(it.hello.agentCapabilities.promptCapabilities, { image: false, audio: false, embeddedContext: true });
  assert.deepStrictEqual(it.hello.authMethods, []);
  assert.strictEqual(session.modes.currentModeId, 'ask');
  assert.deepStrictEqual(session.modes.availableModes.map((mode) => mode.id), ['ask', 'plan', 'auto']);
  assert.deepStrictEqual(session.configOptions.map((option) => option.category), ['mode', 'model']);
  const commands = it.of('available_commands_update')[0] ?? (await it.next((u) => u.sessionUpdate === 'available_commands_update'));
  assert.ok(commands.availableCommands.some((command) => command.name === 'undo'));
  assert.strictEqual(await it.end(), 0);
});

test('a failing test is made to pass: plan, tests, diff, permission, and the editor writes the file', LIMIT, async () => {
  const project = take();
  const before = fs.readFileSync(project.file, 'utf8');
  const it = editor({ args: ['--test', project.test] });
  const { id } = await it.open(project, { mode: 'plan' });
  it.answers = () => {
    assert.strictEqual(fs.readFileSync(project.file, 'utf8'), before, 'nothing is written before the answer');
    return 'allow_once';
  };
  const done = await it.prompt(id, project.text, link(project.file));
  assert.strictEqual(done.stopReason, 'end_turn');

  const [plan, change] = it.asked;
  assert.match(plan.toolCall.title, /plan/);
  assert.deepStrictEqual(change.options.map((option) => option.kind), ['allow_once', 'allow_always', 'reject_once']);
  assert.strictEqual(change.toolCall.kind, 'edit');
  const diff = change.toolCall.content.find((content) => content.type === 'diff');
  assert.strictEqual(diff.path, project.file);
  assert.strictEqual(diff.oldText, before);
  assert.match(change.toolCall.content.at(-1).content.text, /passed, 0 failed/);

  assert.deepStrictEqual(it.written.map((write) => write.path), [project.file]);
  assert.strictEqual(it.written[0].content, diff.newText);
  assert.strictEqual(fs.readFileSync(project.file, 'utf8'), diff.newText);

  assert.ok(it.of('plan').at(-1).entries.every((entry) => entry.status === 'completed'));
  const kinds = new Set(it.of('tool_call').map((call) => call.kind));
  for (const kind of ['read', 'execute', 'edit', 'think']) assert.ok(kinds.has(kind), `a call of kind ${kind}`);
  const last = new Map();
  for (const { update } of it.updates) if (update.toolCallId && update.status) last.set(update.toolCallId, update.status);
  for (const status of last.values()) assert.ok(['completed', 'failed'].includes(status), 'nothing is left under way');
  assert.ok(it.of('usage_update').every((usage) => usage.used > 0 && usage.size > usage.used));
  assert.match(it.text(), /tests pass/);
});

test('unsaved text is what the agent sees, what the tests judge, and what is kept', LIMIT, async () => {
  const project = take();
  const disk = fs.readFileSync(project.file, 'utf8');
  const it = editor({ args: ['--test', project.test] });
  it.buffers.set(project.file, `${disk}\n\nUNSAVED = 41\n`);
  it.buffers.set(
    project.testFile,
    `${fs.readFileSync(project.testFile, 'utf8')}\n\ndef test_unsaved():\n    from ${project.module} import UNSAVED\n    assert UNSAVED == 41\n`,
  );
  const { id } = await it.open(project);
  await it.prompt(id, `${project.text} Look at ${project.tests} too.`);
  const change = it.asked.at(-1).toolCall;
  const diff = change.content.find((content) => content.type === 'diff');
  assert.match(diff.oldText, /UNSAVED = 41/);
  assert.match(diff.newText, /UNSAVED = 41/);
  assert.match(change.content.at(-1).content.text, /3 passed, 0 failed/, 'the unsaved test was among those that judged');
  assert.strictEqual(it.buffers.get(project.file), diff.newText);
  assert.match(fs.readFileSync(project.file, 'utf8'), /UNSAVED = 41/);
  assert.doesNotMatch(fs.readFileSync(project.testFile, 'utf8'), /test_unsaved/, 'what was not changed is not saved');

  // Undo brings back what the person had, with what was not saved then.
  await it.prompt(id, '/undo');
  assert.strictEqual(fs.readFileSync(project.file, 'utf8'), `${disk}\n\nUNSAVED = 41\n`);
});

test('a text that changes between the question and the answer is not overwritten', LIMIT, async () => {
  const project = take();
  const disk = fs.readFileSync(project.file, 'utf8');
  const it = editor({ args: ['--test', project.test] });
  it.answers = () => {
    it.buffers.set(project.file, `# typed meanwhile\n${disk}`);
    return 'allow_once';
  };
  const { id } = await it.open(project);
  const done = await it.prompt(id, project.text);
  assert.strictEqual(done.stopReason, 'end_turn');
  assert.deepStrictEqual(it.written, []);
  assert.strictEqual(it.buffers.get(project.file), `# typed meanwhile\n${disk}`);
  assert.strictEqual(fs.readFileSync(project.file, 'utf8'), disk);
  assert.match(it.text(), /changed meanwhile/);
});

test('unsaved text is not overwritten behind an editor that cannot write', LIMIT, async () => {
  const project = take();
  const disk = fs.readFileSync(project.file, 'utf8');
  const it = editor({ writes: false, args: ['--test', project.test] });
  it.buffers.set(project.file, `# not saved\n${disk}`);
  const { id } = await it.open(project);
  await it.prompt(id, project.text);
  assert.strictEqual(fs.readFileSync(project.file, 'utf8'), disk);
  assert.match(it.text(), /unsaved changes in the editor/);
});

test('a rejected change leaves everything as it was', LIMIT, async () => {
  const project = take();
  const disk = fs.readFileSync(project.file, 'utf8');
  const it = editor({ args: ['--test', project.test] });
  it.answers = () => 'reject_once';
  const { id } = await it.open(project);
  const done = await it.prompt(id, project.text);
  assert.strictEqual(done.stopReason, 'end_turn');
  assert.deepStrictEqual(it.written, []);
  assert.strictEqual(fs.readFileSync(project.file, 'utf8'), disk);
});

test('a person who ends the turn instead of answering ends it', LIMIT, async () => {
  const project = take();
  const it = editor({ args: ['--test', project.test] });
  it.answers = () => 'cancelled';
  const { id } = await it.open(project);
  const done = await it.prompt(id, project.text);
  assert.strictEqual(done.stopReason, 'cancelled');
  assert.deepStrictEqual(it.written, []);
});

test('cancel ends a turn while the model writes, and the session goes on', LIMIT, async () => {
  const project = take();
  const it = editor({ model: 'oracle:slow-stream', args: ['--test', project.test] });
  const { id } = await it.open(project);
  const writes = it.next((update) => update.sessionUpdate === 'agent_message_chunk');
  const turn = it.prompt(id, project.text);
  await writes;
  await assert.rejects(it.prompt(id, 'another'), /under way/);
  const asked = performance.now();
  await it.agent.notify(methods.agent.session.cancel, { sessionId: id });
  assert.strictEqual((await turn).stopReason, 'cancelled');
  console.log(`# cancelled within ${Math.round(performance.now() - asked)} ms`);
  assert.strictEqual((await it.prompt(id, '/diff')).stopReason, 'end_turn');
});

test('cancel ends a turn that waits for the person, and one whose request is cancelled', LIMIT, async () => {
  const project = take();
  const it = editor({ args: ['--test', project.test] });
  const { id } = await it.open(project);
  for (const how of ['session', 'request']) {
    const stopped = new AbortController();
    const asked = new Promise((resolve) => {
      it.answers = () => new Promise(() => resolve());
    });
    const turn = it.agent.request(
      methods.agent.session.prompt,
      { sessionId: id, prompt: [{ type: 'text', text: project.text }] },
      { cancellationSignal: stopped.signal },
    );
    await asked;
    if (how === 'session') await it.agent.notify(methods.agent.session.cancel, { sessionId: id });
    else stopped.abort();
    assert.strictEqual((await turn).stopReason, 'cancelled', how);
  }
  assert.deepStrictEqual(it.written, []);
});

test('a session can be closed in the middle of a turn', LIMIT, async () => {
  const project = take();
  const it = editor({ model: 'oracle:slow-stream', args: ['--test', project.test] });
  const { id } = await it.open(project);
  const writes = it.next((update) => update.sessionUpdate === 'agent_message_chunk');
  const turn = it.prompt(id, project.text);
  await writes;
  await it.agent.request(methods.agent.session.close, { sessionId: id });
  assert.strictEqual((await turn).stopReason, 'cancelled');
  await assert.rejects(it.prompt(id, 'more'), (error) => error.code === -32002);
});

test('what an editor wrote is taken back from the command line too', LIMIT, async () => {
  const project = take();
  const disk = fs.readFileSync(project.file, 'utf8');
  const it = editor({ args: ['--test', project.test] });
  const { id } = await it.open(project);
  await it.prompt(id, project.text);
  assert.notStrictEqual(fs.readFileSync(project.file, 'utf8'), disk);
  execFileSync(given.program, ['undo', '--dir', project.root], { stdio: 'ignore' });
  assert.strictEqual(fs.readFileSync(project.file, 'utf8'), disk);
});

test('a file of secrets that is attached reaches no model', LIMIT, async () => {
  const project = take();
  const secret = path.join(project.root, '.env');
  fs.writeFileSync(secret, `TOKEN=${given.secret}\n`);
  const it = editor({ args: ['--test', project.test] });
  const { id } = await it.open(project);
  await it.prompt(id, project.text, link(secret), { type: 'resource', resource: { uri: `file://${secret}`, text: `TOKEN=${given.secret}` } }, {
    type: 'resource', resource: { uri: 'untitled:1', text: `TOKEN=${given.secret}` },
  });
  assert.strictEqual(it.reads.includes(secret), false, 'the editor is not asked for it either');
  assert.strictEqual(it.written.length, 1);
});

test('auto writes what passes the tests without asking', LIMIT, async () => {
  const project = take();
  const it = editor({ args: ['--test', project.test] });
  const { id } = await it.open(project, { mode: 'auto' });
  await it.prompt(id, project.text);
  assert.deepStrictEqual(it.asked, []);
  assert.deepStrictEqual(it.written.map((write) => write.path), [project.file]);
});

test('always holds for its session alone', LIMIT, async () => {
  const project = take();
  const disk = fs.readFileSync(project.file, 'utf8');
  const it = editor({ args: ['--test', project.test] });
  it.answers = () => 'allow_always';
  const { id } = await it.open(project);
  await it.prompt(id, project.text);
  assert.strictEqual(it.asked.length, 1);
  it.buffers.clear();
  fs.writeFileSync(project.file, disk);
  await it.prompt(id, project.text);
  assert.strictEqual(it.asked.length, 1, 'not asked again');
  assert.strictEqual(it.written.length, 2);
  it.buffers.clear();
  fs.writeFileSync(project.file, disk);
  const other = await it.session(project);
  await it.prompt(other.id, project.text);
  assert.strictEqual(it.asked.length, 2, 'another session asks for itself');
});

test('a session is listed, loaded with its history and resumed without, by another process', LIMIT, async () => {
  const project = take();
  const first = editor({ args: ['--test', project.test] });
  const { id } = await first.open(project);
  await first.prompt(id, project.text);
  assert.strictEqual(await first.end(), 0);

  const second = editor({ args: ['--test', project.test] });
  await second.open(project, { load: id });
  assert.strictEqual(second.text('user_message_chunk'), project.text);
  assert.match(second.text(), /SEARCH/);
  assert.ok(second.of('tool_call').some((call) => call.kind === 'read' && call.status === 'completed'));
  const { sessions } = await second.agent.request(methods.agent.session.list, { cwd: project.root });
  assert.deepStrictEqual(sessions.map((session) => session.sessionId), [id]);
  assert.strictEqual(sessions[0].cwd, project.root);
  await second.prompt(id, '/undo');
  assert.match(second.text(), /back to step/);
  await second.agent.request(methods.agent.session.close, { sessionId: id });
  await assert.rejects(second.prompt(id, 'hello'), (error) => error.code === -32002);

  const third = editor({ args: ['--test', project.test] });
  await third.open(project, { resume: id });
  assert.deepStrictEqual(third.of('user_message_chunk'), []);
  await third.prompt(id, project.text);
  assert.strictEqual(third.written.length, 1);
});

test('sessions work side by side, each in its own project', LIMIT, async () => {
  const [left, right] = [take(), take()];
  const it = editor({ args: ['--test', left.test] });
  const one = await it.open(left);
  const two = await it.session(right);
  const done = await Promise.all([it.prompt(one.id, left.text), it.prompt(two.id, right.text)]);
  assert.deepStrictEqual(done.map((answer) => answer.stopReason), ['end_turn', 'end_turn']);
  assert.deepStrictEqual(it.written.map((write) => write.path).sort(), [left.file, right.file].sort());
  for (const ask of it.asked) {
    const project = ask.sessionId === one.id ? left : right;
    assert.ok(ask.toolCall.content[0].path.startsWith(project.root));
  }
});

test('an editor without files gets changes written to the disk, and undo takes them back', LIMIT, async () => {
  const project = take();
  const disk = fs.readFileSync(project.file, 'utf8');
  const it = editor({ reads: false, writes: false, args: ['--test', project.test] });
  const { id } = await it.open(project);
  const attached = { type: 'resource', resource: { uri: `file://${project.file}#L1-2`, text: disk.split('\n').slice(0, 2).join('\n') } };
  await it.prompt(id, project.text, attached);
  assert.notStrictEqual(fs.readFileSync(project.file, 'utf8'), disk);
  await it.prompt(id, '/undo');
  assert.strictEqual(fs.readFileSync(project.file, 'utf8'), disk);
});

test('an editor that knows the project by a link is spoken to in its own names', LIMIT, async () => {
  const project = take();
  const name = `${project.root}-link`;
  fs.symlinkSync(project.root, name);
  const file = path.join(name, project.path);
  const it = editor({ args: ['--test', project.test] });
  it.buffers.set(file, `# not saved\n${fs.readFileSync(file, 'utf8')}`);
  const { id } = await it.open({ root: name });
  await it.prompt(id, project.text);
  assert.ok(it.reads.every((read) => read.startsWith(`${name}/`)));
  assert.strictEqual(it.asked[0].toolCall.content[0].path, file);
  assert.deepStrictEqual(it.written.map((write) => write.path), [file]);
  assert.match(it.written[0].content, /^# not saved/);
});

test('tests run in the sandbox, never in a terminal of the editor, and their output is shown', LIMIT, async () => {
  const project = take();
  const it = editor();
  const { id } = await it.open(project);
  await it.prompt(id, `/test ${project.test}`);
  const run = it.of('tool_call').find((call) => call.kind === 'execute');
  const shown = it.of('tool_call_update').find((call) => call.toolCallId === run.toolCallId && call.content);
  assert.match(shown.content[0].content.text, /1 failed/);
});

test('the mode and the model are options too, and both places agree', LIMIT, async () => {
  const it = editor();
  const { id, configOptions } = await it.open(take());
  assert.strictEqual(configOptions[0].currentValue, 'ask');
  const told = it.next((update) => update.sessionUpdate === 'current_mode_update');
  const set = await it.agent.request(methods.agent.session.setConfigOption, { sessionId: id, configId: 'mode', value: 'auto' });
  assert.strictEqual(set.configOptions[0].currentValue, 'auto');
  assert.strictEqual((await told).currentModeId, 'auto');
  const changed = await it.agent.request(methods.agent.session.setConfigOption, { sessionId: id, configId: 'model', value: 'none' });
  assert.strictEqual(changed.configOptions[1].currentValue, 'none');
  await assert.rejects(
    it.agent.request(methods.agent.session.setConfigOption, { sessionId: id, configId: 'model', value: 'http://127.0.0.1:1/v1#x' }),
    (error) => error.code === -32602,
  );
});
