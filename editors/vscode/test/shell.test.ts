// The part that VS Code calls, against the double of vscode_double.ts, a fake agent and a fake endpoint.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { activate, deactivate } from '../src/extension';
import type { Row } from '../src/core/task_model';
import { TOKEN, type FakeEndpoint, fakeEdgecoder, fakeEndpoint, folder, freePort, put, script, until } from './support';
import { Position, Uri, double, window } from './vscode_double';

interface Bench {
    readonly root: string;
    readonly programs: string;
    readonly endpoint: FakeEndpoint | undefined;
}

async function bench(t: TestContext, options: { endpoint?: boolean; trusted?: boolean; autostart?: boolean } = {}): Promise<Bench> {
    double.reset();
    window.activeTextEditor = undefined;
    const [root, programs, data] = [folder(), fakeEdgecoder(folder()), folder()];
    put(join(data, 'secrets/ide-token'), `${TOKEN}\n`, 0o600);
    const endpoint = options.endpoint === false ? undefined : await fakeEndpoint(t);
    double.trusted = options.trusted ?? true;
    double.folders = [{ uri: Uri.file(root) }];
    const set = { url: endpoint?.url ?? 'http://127.0.0.1:1', programFolder: programs, dataFolder: data, startAutomatically: options.autostart ?? false, 'completion.delay': 0 };
    for (const [name, value] of Object.entries(set)) double.settings.set(`edgecoder.${name}`, value);
    const subscriptions: { dispose(): unknown }[] = [];
    activate({ subscriptions, extension: { packageJSON: { version: '0.0.0' } } } as never);
    t.after(async () => {
        await deactivate();
        for (const one of subscriptions) one.dispose();
    });
    return { root, programs, endpoint };
}

const run = (name: string, target?: unknown) => Promise.resolve(double.commands.get(`edgecoder.${name}`)!(target));
const tree = () => double.trees.get('edgecoder.plan')!;
const rows = () => tree().getChildren() as Row[];
const question = () => rows().find((row) => row.kind === 'question');
const proposalDocument = () => double.documents.find((one) => one.uri.scheme === 'edgecoder-proposal');

function task(words: string): Promise<unknown> {
    double.input = words;
    return run('runTask');
}

test('every command of the manifest is registered, and no other', async (t) => {
    await bench(t);
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { contributes: { commands: { command: string }[] } };
    assert.deepEqual([...double.commands.keys()].sort(), manifest.contributes.commands.map((one) => one.command).sort());
});

test('a running endpoint is found and shown with where it answers', async (t) => {
    await bench(t);
    await until(() => double.statusBar.text === '$(check) tiny · local', 'the status is shown');
    assert.equal(double.statusBar.backgroundColor, undefined);
    await run('stop');
    assert.match(double.messages.at(-1)!.text, /has started no endpoint/);
});

test('an endpoint that does not run is started with the folder, and ended with the window', async (t) => {
    const { programs } = await bench(t, { endpoint: false });
    const port = await freePort();
    double.settings.set('edgecoder.url', `http://127.0.0.1:${port}`);
    const ended = join(programs, 'ended');
    script(join(programs, 'edgecoderd'), `
        const [host, port] = process.argv[process.argv.indexOf('--listen') + 1].split(':');
        require('http').createServer((q, a) => { a.setHeader('content-type', 'application/json'); a.end('{"default":{"model":"far","route":"remote; model=far"}}'); })
            .listen(Number(port), host, () => console.log('ready ide http://' + host + ':' + port));
        process.on('SIGTERM', () => { require('fs').writeFileSync(${JSON.stringify(ended)}, process.env.EDGECODER_DATA_DIR); process.exit(0); });`);
    await run('start');
    assert.equal(double.statusBar.text, '$(warning) far · REMOTE');
    assert.equal(double.statusBar.backgroundColor?.id, 'statusBarItem.warningBackground');
    await deactivate();
    assert.equal(readFileSync(ended, 'utf8'), double.settings.get('edgecoder.dataFolder'));
});

test('a missing program is said, and the token never', async (t) => {
    await bench(t, { endpoint: false });
    await run('start');
    assert.match(double.statusBar.tooltip, /edgecoderd was not found in/);
    assert.ok(![...double.log, ...double.messages.map((one) => one.text), double.statusBar.tooltip].some((text) => text.includes(TOKEN)));
});

test('a proposal opens a diff editor; Accept lets the agent write into the open buffer', async (t) => {
    const { root } = await bench(t);
    const document = double.open(put(join(root, 'a.txt'), 'on disk\n'));
    document.type('typed\n');
    const done = task('propose a.txt');
    await until(() => proposalDocument() !== undefined, 'the diff editor opened');
    assert.equal(proposalDocument()!.getText(), 'typed\nproposed\n');
    assert.equal(tree().getTreeItem(question()).contextValue, 'change');
    assert.deepEqual(tree().getTreeItem(question()!.children[0]).command, { command: 'edgecoder.openProposal', title: 'Show the Change', arguments: [question()!.children[0]] });
    await run('accept', question());
    await done;
    assert.equal(document.getText(), 'typed\nproposed\n');
    assert.equal(readFileSync(join(root, 'a.txt'), 'utf8'), 'typed\nproposed\n');
    assert.equal(double.tabs.length, 0, 'the diff editor is closed');
    assert.equal(question(), undefined);
});

test('Edit makes the proposal writable, and Accept writes what was typed there, saved or not', async (t) => {
    const { root } = await bench(t);
    const done = task('propose new/a.txt');
    await until(() => proposalDocument() !== undefined, 'the diff editor opened');
    const virtual = proposalDocument()!;
    const files = double.fileSystems.get('edgecoder-proposal') as { stat(uri: Uri): { permissions?: number } };
    assert.equal(files.stat(virtual.uri).permissions, 1);
    virtual.type('mine\n');
    await assert.rejects(virtual.save(), /no permissions/);
    window.activeTextEditor = { document: virtual };
    await run('edit');
    assert.equal(files.stat(virtual.uri).permissions, undefined);
    await run('accept', virtual.uri);
    await done;
    assert.equal(readFileSync(join(root, 'new/a.txt'), 'utf8'), 'mine\n');
    await run('accept', virtual.uri);
    assert.match(double.messages.at(-1)!.text, /answered already/);
});

test('failing tests are a task of their own', async (t) => {
    await bench(t);
    await run('fixTests');
    assert.equal(rows()[0]!.label, 'Make the failing tests pass.');
    assert.match(double.messages.at(-1)!.text, /done/);
});

test('Reject and Queue for review leave the file alone', async (t) => {
    const { root, programs } = await bench(t);
    put(join(root, 'a.txt'), 'text\n');
    const first = task('propose a.txt');
    await until(() => question() !== undefined, 'a question');
    await run('reject', question());
    await first;
    const second = task('propose a.txt');
    await until(() => question() !== undefined, 'a second question');
    await run('queue', question());
    await second;
    assert.equal(readFileSync(join(root, 'a.txt'), 'utf8'), 'text\n');
    assert.ok(existsSync(join(programs, 'review.json')));
    assert.ok(double.messages.some((one) => /Nothing was sent/.test(one.text)));
});

test('a question without files is a message, and choosing answers it', async (t) => {
    await bench(t);
    double.press = 'Answer';
    double.pick = (items) => items.find((item) => item.label === 'Write it');
    await task('ask');
    assert.ok(double.messages.some((one) => one.level === 'warning' && /Run {2}\[31mmake/.test(one.text)));
    await until(() => rows().some((row) => row.kind === 'text' && row.detail === 'answered yes'), 'the agent heard it');
});

test('what an agent says becomes no link in a notification', async (t) => {
    await bench(t);
    await task('fail [click](command:evil)');
    const said = double.messages.find((one) => one.level === 'error')!.text;
    assert.match(said, /click\] \(command:evil\)/);
});

test('an endpoint that went away is started again by itself, unless it was stopped by hand', async (t) => {
    const { programs } = await bench(t, { endpoint: false, autostart: true });
    await until(() => double.statusBar.text.includes('error'), 'the first try failed, as there is no program yet');
    double.settings.set('edgecoder.url', `http://127.0.0.1:${await freePort()}`);
    script(join(programs, 'edgecoderd'), `
        const [host, port] = process.argv[process.argv.indexOf('--listen') + 1].split(':');
        require('fs').appendFileSync(${JSON.stringify(join(programs, 'starts'))}, process.pid + '\\n');
        require('http').createServer((q, a) => a.end('{"default":{"model":"near","route":"local"}}')).listen(Number(port), host, () => console.log('ready ide http://' + host + ':' + port));`);
    const starts = () => (existsSync(join(programs, 'starts')) ? readFileSync(join(programs, 'starts'), 'utf8').trim().split('\n') : []);
    double.events.window.fire({ focused: true });
    await until(() => double.statusBar.text === '$(check) near · local', 'started');
    process.kill(Number(starts()[0]));
    await until(() => (double.events.window.fire({ focused: true }), starts().length === 2 && double.statusBar.text.includes('near')), 'started again');
    await run('stop');
    assert.equal(double.statusBar.text, '$(circle-slash) EdgeCoder');
    double.events.window.fire({ focused: true });
    await run('showStatus');
    assert.equal(starts().length, 2);
});

test('a write that VS Code refuses is an error of the task', async (t) => {
    const { root } = await bench(t);
    put(join(root, 'a.txt'), 'text\n');
    double.refuseEdits = true;
    await task('write a.txt');
    assert.ok(double.messages.some((one) => one.level === 'error' && /did not write/.test(one.text)));
});

test('a completion is offered at the cursor, with the neighbours that were looked at before', async (t) => {
    const { root, endpoint } = await bench(t);
    await until(() => double.statusBar.text.includes('local'), 'connected');
    const [one, two] = ['one.py', 'two.py'].map((name) => double.open(put(join(root, name), `# ${name}\ndef f():\n    \n`)));
    double.events.editor.fire({ document: two, selection: { active: new Position(0, 0) } });
    const items = await complete(one!, new Position(2, 4));
    assert.deepEqual(items.map((item) => item.insertText), ['return a + b']);
    const body = JSON.parse(endpoint!.seen.at(-1)!.body) as { input_extra: { filename: string }[] };
    assert.deepEqual(body.input_extra.map((extra) => extra.filename), ['two.py']);
});

test('no completion is asked for when it is switched off, in secret files, outside the folder, or after cancelling', async (t) => {
    const { root, endpoint } = await bench(t);
    await until(() => double.statusBar.text.includes('local'), 'connected');
    const asked = () => endpoint!.seen.filter((seen) => seen.path === '/infill').length;
    const code = double.open(put(join(root, 'a.py'), 'x\n'));
    assert.deepEqual(await complete(double.open(put(join(root, '.env'), 'KEY=1\n')), new Position(0, 4)), []);
    assert.deepEqual(await complete(double.open(put(join(folder(), 'b.py'), 'x\n')), new Position(0, 1)), []);
    assert.deepEqual(await complete(code, new Position(0, 1), true), []);
    double.settings.set('edgecoder.completion.enabled', false);
    assert.deepEqual(await complete(code, new Position(0, 1)), []);
    assert.equal(asked(), 0);
});

test('in a folder that is not trusted nothing starts, no task runs, nothing is completed', async (t) => {
    const { root, endpoint, programs } = await bench(t, { trusted: false, autostart: true });
    script(join(programs, 'edgecoderd'), `require('fs').writeFileSync(${JSON.stringify(join(programs, 'started'))}, '')`);
    await until(() => double.statusBar.text.includes('local'), 'connected');
    await task('propose a.txt');
    assert.match(double.messages.at(-1)!.text, /only in folders that you trust/);
    assert.deepEqual(await complete(double.open(put(join(root, 'a.py'), 'x\n')), new Position(0, 1)), []);
    assert.equal(endpoint!.seen.some((seen) => seen.path === '/infill'), false);
    double.settings.set('edgecoder.url', 'http://127.0.0.1:1');
    await run('start');
    assert.match(double.statusBar.tooltip, /do not trust/);
    assert.equal(existsSync(join(programs, 'started')), false);
});

interface Item {
    insertText: string;
}

function complete(document: unknown, position: Position, cancelled = false): Promise<Item[]> {
    const provider = double.completionProviders[0] as { provideInlineCompletionItems(...args: unknown[]): Promise<Item[]> };
    const token = { isCancellationRequested: cancelled, onCancellationRequested: () => ({ dispose: () => undefined }) };
    return provider.provideInlineCompletionItems(document, position, {}, token);
}
