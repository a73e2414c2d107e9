import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAddress } from '../src/core/address';
import { Endpoint } from '../src/core/endpoint';
import { ownListener } from '../src/core/listener';
import { parseRouterStatus, placeOf, statusText } from '../src/core/router_status';
import { TOKEN, type FakeEndpoint, fakeEndpoint, folder, json, put, until } from './support';

const cursor = { file: 'a.py', text: 'def add(a, b):\n    \n', offset: 19 };

function endpointAt(fake: FakeEndpoint, token = TOKEN): Endpoint {
    return new Endpoint({ address: () => parseAddress(fake.url), token: () => Promise.resolve(token) });
}

test('only an address of this machine is accepted', () => {
    assert.equal(parseAddress('http://127.0.0.1:4304').url, 'http://127.0.0.1:4304');
    assert.equal(parseAddress('http://localhost:4304/').url, 'http://127.0.0.1:4304');
    assert.equal(parseAddress('http://[::1]:4304').host, '::1');
    for (const bad of ['http://example.com:4304', 'http://127.0.0.1.example.com', 'http://10.0.0.1:4304', 'https://127.0.0.1:4304', 'http://user:pass@127.0.0.1:4304',
        'http://127.0.0.1:4304/v1', 'file:///etc/passwd', 'nonsense', '', 'http://[::2]:4304', 'http://127.0.0.1:4304?x=1']) {
        assert.throws(() => parseAddress(bad), { name: 'Error' }, bad);
    }
});

test('the status is asked for with the token as a bearer', async (t) => {
    const fake = await fakeEndpoint(t);
    assert.deepEqual(await endpointAt(fake).status(), { model: 'tiny', place: 'local', why: 'the default model' });
    assert.equal(fake.seen[0]?.headers.authorization, `Bearer ${TOKEN}`);
});

test('a wrong token is said in the words of the endpoint', async (t) => {
    await assert.rejects(endpointAt(await fakeEndpoint(t), 'wrong').status(), /\(401\): the token is wrong/);
});

test('a completion goes to /infill with the workspace and the neighbours', async (t) => {
    const fake = await fakeEndpoint(t);
    const answer = await endpointAt(fake).infill(cursor, [{ filename: 'b.py', text: 'x = 1' }], '/w/größe', new AbortController().signal);
    assert.deepEqual(answer, { text: 'return a + b', route: 'local' });
    const body = JSON.parse(fake.seen[0]!.body) as Record<string, unknown>;
    assert.equal(body['input_prefix'], 'def add(a, b):\n');
    assert.equal(body['prompt'], '    ');
    assert.equal(body['input_suffix'], '\n');
    assert.deepEqual(body['input_extra'], [{ filename: 'b.py', text: 'x = 1' }]);
    assert.equal(Buffer.from(String(fake.seen[0]!.headers['x-edgecoder-workspace']), 'latin1').toString('utf8'), '/w/größe');
});

test('cancelling closes the connection, so that the endpoint stops', async (t) => {
    const fake = await fakeEndpoint(t, () => undefined); // never answers
    const cancel = new AbortController();
    const waiting = endpointAt(fake).infill(cursor, [], '/w', cancel.signal);
    const refused = assert.rejects(waiting);
    await until(() => fake.seen.length === 1, 'the request arrived');
    cancel.abort();
    await refused;
    await until(() => fake.gone === 1, 'the connection was closed');
});

test('nobody there, nonsense and floods are errors in words', async (t) => {
    await assert.rejects(new Endpoint({ address: () => parseAddress('http://127.0.0.1:1'), token: () => Promise.resolve('t') }).status(), /nothing answers/);
    const nonsense = await fakeEndpoint(t, (_, answer) => answer.end('<html>'));
    await assert.rejects(endpointAt(nonsense).status(), /is not an object/);
    const wrong = await fakeEndpoint(t, (_, answer) => json(answer, 200, { content: 5 }));
    await assert.rejects(endpointAt(wrong).infill(cursor, [], '/w', new AbortController().signal), /is not a text/);
    const flood = await fakeEndpoint(t, (_, answer) => answer.end(Buffer.alloc(5 << 20, 'x')));
    await assert.rejects(endpointAt(flood).status(), /too long/);
    const redirect = await fakeEndpoint(t, (_, answer) => json(answer, 302, {}, { location: 'http://example.com/' }));
    await assert.rejects(endpointAt(redirect).status(), /status 302/);
});

test('no token is sent to a program of another user', async () => {
    const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
    const line = (state: string, user: number) => `   0: 0100007F:10D0 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 ${user}        0 1 1\n`;
    const us = process.getuid!();
    const table = (text: string) => put(join(folder(), 'tcp'), head + text);
    const address = parseAddress('http://127.0.0.1:4304');
    assert.equal(await ownListener(address, [table(line('0A', us))]), true);
    assert.equal(await ownListener(address, [table(line('0A', 0))]), true);
    assert.equal(await ownListener(address, [table(line('0A', us + 1234))]), false);
    assert.equal(await ownListener(address, [table(line('01', us + 1234))]), true, 'a connection is no listener');
    assert.equal(await ownListener(address, ['/nonexistent']), true);
});

test('what leaves the machine is loud, and an unknown place is never called local', () => {
    const on = (route: string, model: string | null = 'm') => statusText({ is: 'on', ours: true, status: parseRouterStatus({ default: { model, route } }) });
    assert.deepEqual([on('local; model=m').text, on('local; model=m').loud], ['$(check) m · local', false]);
    assert.deepEqual([on('remote; model=m').text, on('remote').loud], ['$(warning) m · REMOTE', true]);
    assert.equal(on('', null).text, '$(check) EdgeCoder · no model');
    assert.equal(on('mesh').loud, true);
    assert.equal(on('').loud, true);
    assert.throws(() => parseRouterStatus({}), /is not an object/);
    assert.equal(placeOf('local; model=tiny'), 'local');
    assert.equal(placeOf('remote api.example'), 'remote');
    for (const strange of ['', 'LOCAL', 'localhost', 'localremote', '{}']) assert.equal(placeOf(strange), 'unknown', strange);
});
