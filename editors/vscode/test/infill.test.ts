import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Completer, waitFor } from '../src/core/completer';
import { type Cursor, infillBody, parseInfill, shownCompletion } from '../src/core/infill';
import { CHUNK_LINES, Ring, mayBeShown } from '../src/core/ring';
import { until } from './support';

function at(text: string, file = 'a.py'): Cursor {
    const offset = text.indexOf('|');
    return { file, offset, text: text.replace('|', '') };
}

test('the prompt is cut at the cursor, with the indentation of its line', () => {
    const body = infillBody(at('import os\ndef f():\n    return |\nf()\n'), []);
    assert.deepEqual([body.input_prefix, body.prompt, body.input_suffix, body.n_indent], ['import os\ndef f():\n', '    return ', '\nf()\n', 4]);
    assert.deepEqual([body.temperature, body.stream, body.cache_prompt], [0, false, true]);
});

test('typing new lines leaves the beginning of the prompt as it is', () => {
    const text = (lines: number) => Array.from({ length: lines }, (_, index) => `line ${index}\n`).join('');
    const first = (lines: number) => infillBody(at(`${text(lines)}|`), []).input_prefix.split('\n')[0];
    assert.equal(first(256), 'line 0');
    assert.equal(first(300), first(301));
    const firsts = new Set(Array.from({ length: 64 }, (_, index) => first(400 + index)));
    assert.ok(firsts.size <= 2, `${firsts.size} beginnings in 64 lines`);
});

test('a completion in the middle of a line stays in it and does not repeat what follows', () => {
    assert.equal(shownCompletion(at('f(|)\n'), 'a, b)\nmore'), 'a, b');
    assert.equal(shownCompletion(at('x = |\n'), '1\ny = 2\n\n'), '1\ny = 2');
    assert.equal(shownCompletion(at('a\n|\nreturn a\n'), 'return a'), '');
    assert.equal(shownCompletion(at('|'), ' \n '), '');
    assert.equal(shownCompletion(at('x|\r\ny'), '1\r\n2\0'), '1\n2');
});

test('an answer of another shape is refused', () => {
    for (const bad of [undefined, null, [], 'x', {}, { content: 1 }, { content: 'x'.repeat(70000) }]) assert.throws(() => parseInfill(bad));
    assert.equal(parseInfill({ content: 'x', stop: true }), 'x');
});

test('pieces of neighbours go along, longest unchanged first, never those of the file itself', () => {
    const ring = new Ring();
    ring.add('a', 'one', 0);
    ring.add('b', 'two', 0);
    ring.add('c', 'three', 0);
    ring.add('a', 'one', 0); // the same again changes nothing
    assert.deepEqual(ring.extra('c').map((one) => one.filename), ['a', 'b']);
    ring.add('a', 'one, changed', 0);
    assert.deepEqual(ring.extra('x').map((one) => one.filename), ['b', 'c', 'a']);
    ring.add('copy', 'two', 0);
    ring.add('empty', ' \n', 0);
    ring.forget('c');
    assert.deepEqual(ring.extra('x'), [{ filename: 'b', text: 'two' }, { filename: 'a', text: 'one, changed' }]);
});

test('a large ring makes room seldom, so that its beginning stays', () => {
    const ring = new Ring();
    let beginnings = 0;
    let last = '';
    for (let index = 0; index < 100; index++) {
        ring.add(`file${index}`, `text ${index}`, 0);
        const first = ring.extra('')[0]!.filename;
        if (first !== last) beginnings++;
        last = first;
        assert.ok(ring.extra('').length <= 16);
    }
    assert.ok(beginnings <= 23, `${beginnings} beginnings in 100 files`);
});

test('a piece is the block of lines around the cursor, bounded in width', () => {
    const ring = new Ring();
    ring.add('a', Array.from({ length: 200 }, (_, index) => `line ${index}`).join('\n'), 70);
    assert.equal(ring.extra('x')[0]!.text.split('\n')[0], 'line 64');
    assert.equal(ring.extra('x')[0]!.text.split('\n').length, CHUNK_LINES);
    ring.add('wide', 'x'.repeat(1_000_000), 5);
    assert.equal(ring.extra('x')[1]!.text.length, 8000);
});

test('files that hold secrets by their name are shown to no model', () => {
    for (const name of ['.env', 'a/.env.local', 'id_rsa', 'x/server.key', 'cert.PEM', '.npmrc']) assert.equal(mayBeShown(name), false, name);
    for (const name of ['a.py', 'environment.ts', 'keys.py', '.envrc.md', 'src/.eslintrc']) assert.equal(mayBeShown(name), true, name);
});

class World {
    time = 0;
    readonly asked: Cursor[] = [];
    readonly failures: string[] = [];
    reply: (cursor: Cursor, signal: AbortSignal) => Promise<string> = () => Promise.resolve('done()');
    waits: (() => void)[] = [];
    infill(cursor: Cursor, signal: AbortSignal) {
        this.asked.push(cursor);
        return this.reply(cursor, signal);
    }
    now() {
        return this.time;
    }
    wait(_: number, signal: AbortSignal) {
        return new Promise<void>((resolve, reject) => {
            this.waits.push(resolve);
            signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
    }
    failed(error: Error) {
        this.failures.push(error.message);
    }
    let() {
        for (const go of this.waits.splice(0)) go();
    }
}

test('of many keys only the last one asks', async () => {
    const world = new World();
    const completer = new Completer(world);
    const answers = ['a|', 'ab|', 'abc|'].map((text) => completer.complete(at(text), 100));
    world.let();
    assert.deepEqual(await Promise.all(answers), ['', '', 'done()']);
    assert.deepEqual(world.asked.map((cursor) => cursor.text), ['abc']);
});

test('a newer question and a cancelled one end the request that runs', async () => {
    const world = new World();
    const completer = new Completer(world);
    const ended: string[] = [];
    world.reply = (cursor, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => (ended.push(cursor.text), reject(new Error('aborted')))));
    const outer = new AbortController();
    const first = completer.complete(at('a|'), 0);
    world.let();
    await until(() => world.asked.length === 1, 'the first was asked');
    const second = completer.complete(at('ab|'), 0, outer.signal);
    world.let();
    await until(() => world.asked.length === 2, 'the second was asked');
    outer.abort();
    assert.deepEqual(await Promise.all([first, second]), ['', '']);
    assert.deepEqual(ended, ['a', 'ab']);
    assert.deepEqual(world.failures, [], 'a cancelled request is no failure');
});

test('typing what was offered asks nothing', async () => {
    const world = new World();
    const completer = new Completer(world);
    const ask = (text: string) => {
        const answer = completer.complete(at(text), 0);
        world.let();
        return answer;
    };
    assert.equal(await ask('x = |'), 'done()');
    assert.equal(await ask('x = do|'), 'ne()');
    assert.equal(await ask('x = done(|'), ')');
    assert.equal(world.asked.length, 1);
    await ask('x = da|');
    await ask('x = done()|');
    assert.equal(world.asked.length, 3);
});

test('after a failure there is a pause', async () => {
    const world = new World();
    const completer = new Completer(world);
    world.reply = () => Promise.reject(new Error('nobody there'));
    const ask = (text: string) => {
        const answer = completer.complete(at(text), 0);
        world.let();
        return answer;
    };
    assert.equal(await ask('a|'), '');
    assert.equal(await ask('b|'), '');
    assert.deepEqual([world.asked.length, world.failures], [1, ['nobody there']]);
    world.time += 5000;
    world.reply = () => Promise.resolve('back');
    assert.equal(await ask('c|'), 'back');
});

test('waiting ends with its signal', async () => {
    await waitFor(1, new AbortController().signal);
    const cancel = new AbortController();
    const waiting = waitFor(60_000, cancel.signal);
    cancel.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    await assert.rejects(waitFor(60_000, cancel.signal), { name: 'AbortError' });
});
