import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Proposal } from '../src/core/decisions';
import { TaskRunner } from '../src/core/task_runner';
import { fakeEdgecoder, folder, put, script, until } from './support';

function runner(t: TestContext, options: { proposed?: (proposal: Proposal, runner: TaskRunner) => void; open?: Map<string, string>; program?: string; args?: string[] } = {}) {
    const root = folder();
    const open = options.open ?? new Map<string, string>();
    let id = 0;
    const one: TaskRunner = new TaskRunner({
        root, version: '0.0.0', environment: process.env,
        buffers: {
            text: (path) => open.get(path),
            write: (path, text) => Promise.resolve(open.has(path) ? void open.set(path, text) : writeFileSync(path, text)),
        },
        program: () => Promise.resolve(options.program ?? join(fakeEdgecoder(folder()), 'edgecoder')),
        options: () => options.args ?? [], nextId: () => ++id, changed: () => undefined,
        proposed: (proposal) => options.proposed?.(proposal, one),
    });
    t.after(() => one.close());
    return { root, open, runner: one };
}

test('an accepted change is written by the agent through the open buffer, and the plan is done', async (t) => {
    const { root, open, runner: one } = runner(t, { proposed: (proposal, task) => void task.decisions.accept(proposal.id) });
    const path = put(join(root, 'a.txt'), 'on disk\n');
    open.set(path, 'typed\n');
    assert.equal(await one.run('propose a.txt'), 'done');
    assert.equal(open.get(path), 'typed\nproposed\n');
    assert.equal(readFileSync(path, 'utf8'), 'on disk\n');
    assert.equal(one.model.said, 'answered yes');
    const rows = one.model.rows([]);
    assert.deepEqual(rows.map((row) => [row.kind, row.label, row.detail]), [
        ['task', 'propose a.txt', 'done'], ['group', 'Plan', '2 of 2'], ['group', 'Steps', '1'], ['text', 'What the agent says', 'answered yes'],
    ]);
    assert.deepEqual(rows[2]!.children.map((row) => [row.label, row.icon]), [['Change a.txt', 'check']]);
});

test('a rejected change is not written, and the agent hears why', async (t) => {
    const { root, runner: one } = runner(t, { proposed: (proposal, task) => void task.decisions.reject(proposal.id) });
    const path = put(join(root, 'a.txt'), 'as it was\n');
    assert.equal(await one.run('propose a.txt'), 'done');
    assert.equal(readFileSync(path, 'utf8'), 'as it was\n');
    assert.equal(one.model.said, 'answered no: The person rejected this.');
});

test('an edited change is what is written, and the agent hears of it', async (t) => {
    const { root, runner: one } = runner(t, {
        proposed: (proposal, task) => {
            task.decisions.edit(proposal.id, proposal.files[0]!.path, 'my own\n');
            assert.equal(task.model.rows(task.decisions.proposals)[1]!.children[0]!.detail, 'new.txt · new · edited by you');
            void task.decisions.accept(proposal.id);
        },
    });
    await one.run('propose new.txt');
    assert.equal(readFileSync(join(root, 'new.txt'), 'utf8'), 'my own\n');
    assert.match(one.model.said, /^answered no: The person changed the proposed text and wrote it/);
});

test('a change queued for review goes to `edgecoder review queue` as arguments, and is rejected', async (t) => {
    const place = fakeEdgecoder(folder());
    const { root, runner: one } = runner(t, { program: join(place, 'edgecoder'), proposed: (proposal, task) => void task.decisions.queue(proposal.id) });
    put(join(root, '--weird; touch x.txt'), 'text\n');
    put(join(root, 'a.txt'), 'text\n');
    await one.run('propose a.txt --now');
    const args = JSON.parse(readFileSync(join(place, 'review.json'), 'utf8')) as string[];
    assert.deepEqual(args.slice(0, 5), ['review', 'queue', '--json', `--dir=${root}`, '--why=asked']);
    assert.match(args[5]!, /^--task=propose a\.txt --now\n\nA change was proposed.*\n\nProposed text of a\.txt:\ntext\nproposed\n$/s);
    assert.deepEqual(args.slice(6), ['--file=a.txt']);
    assert.match(one.model.said, /^answered no: The person queued this for review \(review 7\)/);
});

test('a question without files is answered by choosing one of the agent\'s answers', async (t) => {
    const { runner: one } = runner(t, { proposed: (proposal, task) => void task.decisions.choose(proposal.id, 'always') });
    await one.run('ask');
    assert.equal(one.model.said, 'answered always');
});

test('a question that the agent takes back is no longer asked', async (t) => {
    const { runner: one } = runner(t);
    assert.equal(await one.run('takeback'), 'done');
    assert.deepEqual(one.decisions.proposals, []);
});

test('the next task tells the agent what became of its proposals, once', async (t) => {
    const { runner: one } = runner(t, { proposed: (proposal, task) => void task.decisions.reject(proposal.id) });
    await one.run('propose a.txt');
    await one.run('echo hello');
    assert.equal(one.model.said, 'echo hello|The person rejected this.');
    await one.run('echo again');
    assert.equal(one.model.said, 'echo again');
});

test('text of the agent cannot steer what shows it', async (t) => {
    let title = '';
    const { runner: one } = runner(t, { proposed: (proposal, task) => ((title = proposal.title), void task.decisions.reject(proposal.id)) });
    await one.run('ask');
    assert.equal(title, 'Run  [31mmake\ufffd');
});

test('the agent reads and writes nothing outside the workspace', async (t) => {
    const outside = folder();
    put(join(outside, 'secret'), 'secret');
    const { runner: one } = runner(t);
    await assert.rejects(one.run(`read ${outside}/secret`), /outside the workspace/);
    await assert.rejects(one.run(`write ${outside}/new`), /outside the workspace/);
    await assert.rejects(one.run(`propose ${outside}/new`), /outside the workspace/);
    assert.equal(existsSync(join(outside, 'new')), false);
    assert.equal(one.model.said, '');
});

test('a part of a file is read as the protocol counts it, and terminals are not offered', async (t) => {
    const { root, runner: one } = runner(t);
    put(join(root, 'a.txt'), 'one\ntwo\nthree\n');
    await one.run('read a.txt 2');
    assert.equal(one.model.said, 'two\n');
    await one.run('terminal');
    assert.equal(one.model.said, 'refused');
});

test('stopping ends the turn and every question, and the agent goes on to the next task', async (t) => {
    const { root, runner: one } = runner(t);
    const hanging = one.run('hang');
    await until(() => one.model.said === 'waiting', 'the agent works');
    await assert.rejects(one.run('another'), /a task runs already/);
    one.cancel();
    assert.equal(await hanging, 'stopped');
    const asking = one.run('ask');
    await until(() => one.decisions.proposals.length === 1, 'the question came');
    one.cancel();
    assert.equal(await asking, 'done');
    put(join(root, 'a.txt'), 'x');
    await one.run('read a.txt');
    assert.equal(one.model.said, 'x');
});

test('an agent that dies is said with its last words, and the next task starts a new one', async (t) => {
    const { root, runner: one } = runner(t);
    await assert.rejects(one.run('die'), /status 7: out of luck/);
    assert.equal(one.model.isRunning, false);
    put(join(root, 'a.txt'), 'x');
    assert.equal(await one.run('read a.txt'), 'done');
});

test('other options start another agent', async (t) => {
    const args: string[] = [];
    const { runner: one } = runner(t, { args });
    await one.run('pid');
    const first = one.model.said;
    await one.run('pid');
    assert.equal(one.model.said, first);
    args.push('--test=make check');
    await one.run('pid');
    assert.notEqual(one.model.said, first);
});

test('an agent that writes nonsense is ended', async (t) => {
    const { runner: one } = runner(t);
    await assert.rejects(one.run('garbage'), /no JSON-RPC message/);
});

test('an agent of another version, one that is not there and one that says nothing are errors in words', async (t) => {
    await assert.rejects(runner(t, { args: ['--old'] }).runner.run('ask'), /version 0 of the protocol/);
    await assert.rejects(runner(t, { program: '/nonexistent/edgecoder' }).runner.run('ask'), /could not be started/);
    await assert.rejects(runner(t, { program: script(join(folder(), 'edgecoder'), 'process.exit(2)') }).runner.run('ask'), /status 2/);
});
