// The logic against the built programs. EC_BIN_DIR names their folder; EC_TASK is a JSON text with the project of a task that
// the stand-in for a model knows: {project, text, model, file}, with a second copy in PROJECT.before. Both come from tests/e2e/test_vscode.py.

import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAddress } from '../src/core/address';
import { Endpoint } from '../src/core/endpoint';
import type { Proposal } from '../src/core/decisions';
import { Service } from '../src/core/service';
import { TaskRunner } from '../src/core/task_runner';
import { readToken, tokenFile } from '../src/core/token';
import { fakeEndpoint, folder, freePort, json, put } from './support';

interface Task {
    readonly project: string;
    readonly text: string;
    readonly model: string;
    readonly file: string;
}

const bin = process.env['EC_BIN_DIR'];
const task = process.env['EC_TASK'] === undefined ? undefined : (JSON.parse(process.env['EC_TASK']) as Task);
const skip = bin === undefined ? 'EC_BIN_DIR does not name the built programs' : false;
const skipTask = skip || (task === undefined ? 'EC_TASK does not name a task' : false);

test('edgecoderd ide is started, asked with its token, and ended', { skip }, async (t) => {
    const [root, home] = [folder(), folder()];
    const upstream = await fakeEndpoint(t, (seen, answer) => json(answer, 200, seen.path === '/infill' ? { content: 'return a + b', stop: true } : { object: 'list', data: [{ id: 'tiny', object: 'model' }] }));
    put(join(home, 'edgecoder/config.toml'), `[model]\ndefault = "${upstream.url}/v1#tiny"\n`);
    const address = parseAddress(`http://127.0.0.1:${await freePort()}`);
    const data = join(home, 'data');
    const environment = { PATH: process.env['PATH'], HOME: home, XDG_CONFIG_HOME: home, EDGECODER_DATA_DIR: data };
    let token = () => readToken(tokenFile(data));
    const endpoint = new Endpoint({ address: () => address, token: () => token() });
    const service = new Service(endpoint.agent);
    t.after(async () => {
        await service.stop();
        endpoint.close();
    });
    assert.equal((await service.start({ program: join(bin!, 'edgecoderd'), roots: [root], address, environment, readyMs: 20_000 })).url, address.url);
    assert.equal(await service.answers(address), true);
    const status = await endpoint.status();
    assert.deepEqual([status.model, status.place], ['tiny', 'local']);
    const cursor = { file: 'a.py', text: 'def add(a, b):\n    \n', offset: 19 };
    const filled = await endpoint.infill(cursor, [{ filename: 'b.py', text: 'x = 1\n' }], root, new AbortController().signal);
    assert.equal(filled.text, 'return a + b');
    assert.match(filled.route, /^local; model=tiny/);
    token = () => Promise.resolve('wrong');
    await assert.rejects(endpoint.status(), /\(401\)/);
    assert.equal(await service.stop(), true);
    assert.equal(await service.answers(address), false);
});

function runner(project: string, open: Map<string, string>, data: string, proposed: (proposal: Proposal, one: TaskRunner) => void): TaskRunner {
    let id = 0;
    const one: TaskRunner = new TaskRunner({
        root: project, version: '0.0.0', environment: { ...process.env, EDGECODER_DATA_DIR: data },
        buffers: {
            text: (path) => open.get(path),
            write: (path, text) => {
                open.set(path, text);
                writeFileSync(path, text);
                return Promise.resolve();
            },
        },
        program: () => Promise.resolve(join(bin!, 'edgecoder')), options: () => [`--model=${task!.model}`],
        nextId: () => ++id, changed: () => undefined, proposed: (proposal) => proposed(proposal, one),
    });
    return one;
}

test('edgecoder acp carries out a task: the plan, the questions and the accepted change come as the view shows them', { skip: skipTask }, async (t) => {
    const asked: string[] = [];
    const open = new Map<string, string>();
    const one = runner(task!.project, open, folder(), (proposal, self) => {
        asked.push(...proposal.files.map((file) => file.path));
        void self.decisions.accept(proposal.id);
    });
    t.after(() => one.close());
    assert.equal(await one.run(task!.text), 'done');
    const file = join(task!.project, task!.file);
    assert.ok(asked.includes(file), `asked about ${asked.join(', ')}`);
    assert.equal(open.get(file), readFileSync(file, 'utf8'), 'written through the editor');
    const rows = one.model.rows([]);
    assert.ok(rows.some((row) => row.label === 'Steps' && row.children.length > 0));
});

/** A second copy of the task's project, as it was. */
function fresh(): { project: string; file: string; before: string } {
    const project = folder();
    cpSync(`${task!.project}.before`, project, { recursive: true });
    const file = join(project, task!.file);
    return { project, file, before: readFileSync(file, 'utf8') };
}

test('edgecoder acp writes nothing that was rejected', { skip: skipTask }, async (t) => {
    const { project, file, before } = fresh();
    let questions = 0;
    const one = runner(project, new Map(), folder(), (proposal, self) => {
        questions++;
        void self.decisions.reject(proposal.id);
    });
    t.after(() => one.close());
    await one.run(task!.text);
    assert.ok(questions > 0);
    assert.equal(readFileSync(file, 'utf8'), before);
});

test('what a person made of a proposal of edgecoder acp is what stands in the file', { skip: skipTask }, async (t) => {
    const { project, file } = fresh();
    const one = runner(project, new Map(), folder(), (proposal, self) => {
        const changed = proposal.files.find((each) => each.path === file);
        if (!changed) return void self.decisions.accept(proposal.id);
        self.decisions.edit(proposal.id, file, `${changed.newText}# mine\n`);
        void self.decisions.accept(proposal.id).finally(() => self.cancel());
    });
    t.after(() => one.close());
    await one.run(task!.text);
    assert.match(readFileSync(file, 'utf8'), /# mine\n$/);
});
