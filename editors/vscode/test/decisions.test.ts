import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PermissionOption, PermissionQuestion } from '../src/core/acp_messages';
import { Decisions, type Proposal } from '../src/core/decisions';

const OPTIONS: PermissionOption[] = [
    { id: 'ever', name: 'Always', kind: 'allow_always' }, { id: 'once', name: 'Yes', kind: 'allow_once' }, { id: 'no', name: 'No', kind: 'reject_once' },
];

class World {
    readonly files = new Map<string, string>();
    readonly queued: Proposal[] = [];
    present(path: string) {
        return Promise.resolve(this.files.get(path));
    }
    write(path: string, text: string) {
        this.files.set(path, text);
        return Promise.resolve();
    }
    queueForReview(proposal: Proposal) {
        this.queued.push(proposal);
        return Promise.resolve('review 3');
    }
}

function question(path: string, oldText: string | undefined, newText: string, options = OPTIONS): PermissionQuestion {
    return { session: 's', options, call: { id: 'c', title: 'Change', kind: 'edit', status: undefined, output: undefined, diffs: [{ path, oldText, newText }] } };
}

async function asked(world: World, one: PermissionQuestion) {
    let id = 0;
    let arrived: (proposal: Proposal) => void = () => undefined;
    const added = new Promise<Proposal>((resolve) => (arrived = resolve));
    const decisions = new Decisions(world, () => ++id, (proposal) => proposal && arrived(proposal));
    const verdict = decisions.ask(one);
    return { decisions, verdict, proposal: await added };
}

test('Accept allows once, never always, and leaves the writing to the agent', async () => {
    const world = new World();
    world.files.set('/w/a', 'old');
    const { decisions, proposal, verdict } = await asked(world, question('/w/a', 'old', 'new'));
    await decisions.accept(proposal.id);
    assert.deepEqual(await verdict, { option: 'once' });
    assert.equal(world.files.get('/w/a'), 'old');
    await assert.rejects(decisions.accept(proposal.id), /answered already/);
});

test('Accept after an edit writes the edited text and tells the agent so', async () => {
    const world = new World();
    world.files.set('/w/a', 'old');
    const { decisions, proposal, verdict } = await asked(world, question('/w/a', 'old', 'new'));
    decisions.edit(proposal.id, '/w/a', 'mine');
    await decisions.accept(proposal.id);
    const answer = await verdict;
    assert.notEqual(answer, 'cancelled');
    assert.deepEqual(answer, { option: 'no', reason: 'The person changed the proposed text and wrote it: /w/a. Read it again before going on.' });
    assert.equal(world.files.get('/w/a'), 'mine');
});

test('what was typed after the proposal came is not overwritten', async () => {
    const world = new World();
    world.files.set('/w/a', 'old');
    const { decisions, proposal, verdict } = await asked(world, question('/w/a', 'old', 'new'));
    world.files.set('/w/a', 'typed meanwhile');
    await assert.rejects(decisions.accept(proposal.id), /was changed after the proposal/);
    assert.equal(world.files.get('/w/a'), 'typed meanwhile');
    await decisions.reject(proposal.id);
    assert.deepEqual(await verdict, { option: 'no', reason: 'The person rejected this.' });
});

test('an edit of a proposal that shows only a part of the file is not written over the whole', async () => {
    const world = new World();
    world.files.set('/w/a', 'one\ntwo\nthree\n');
    const { decisions, proposal } = await asked(world, question('/w/a', 'two\n', 'zwei\n'));
    decisions.edit(proposal.id, '/w/a', 'deux\n');
    await assert.rejects(decisions.accept(proposal.id), /only a part/);
    assert.equal(world.files.get('/w/a'), 'one\ntwo\nthree\n');
});

test('Queue for review packs the question and rejects', async () => {
    const world = new World();
    const { decisions, proposal, verdict } = await asked(world, question('/w/new', undefined, 'new'));
    await decisions.queue(proposal.id);
    assert.equal(world.queued[0]?.files[0]?.newText, 'new');
    assert.deepEqual(await verdict, { option: 'no', reason: 'The person queued this for review (review 3); go on without it.' });
});

test('a queue that fails leaves the question open', async () => {
    const world = new World();
    world.queueForReview = () => Promise.reject(new Error('no room'));
    const { decisions, proposal } = await asked(world, question('/w/new', undefined, 'new'));
    await assert.rejects(decisions.queue(proposal.id), /no room/);
    assert.equal(decisions.proposals.length, 1);
    await decisions.reject(proposal.id);
});

test('two clicks answer once', async () => {
    const world = new World();
    const { decisions, proposal, verdict } = await asked(world, question('/w/new', undefined, 'new'));
    const second = Promise.allSettled([decisions.queue(proposal.id), decisions.accept(proposal.id)]);
    assert.deepEqual((await second).map((one) => one.status), ['fulfilled', 'rejected']);
    assert.equal(world.queued.length, 1);
    assert.equal((await verdict as { option: string }).option, 'no');
});

test('nothing is allowed where the agent offers only "always", and cancelling ends every question', async () => {
    const world = new World();
    const { decisions, proposal, verdict } = await asked(world, question('/w/new', undefined, 'new', [OPTIONS[0]!]));
    await assert.rejects(decisions.accept(proposal.id), /does not offer/);
    await assert.rejects(decisions.reject(proposal.id), /does not offer/);
    await assert.rejects(decisions.choose(proposal.id, 'once'), /does not offer/);
    assert.throws(() => decisions.edit(proposal.id, '/w/other', 'x'), /does not change/);
    decisions.cancelAll();
    assert.equal(await verdict, 'cancelled');
    assert.equal(decisions.proposals.length, 0);
});
