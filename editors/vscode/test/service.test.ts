import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAddress } from '../src/core/address';
import { ownAgent } from '../src/core/http';
import { findProgram } from '../src/core/programs';
import { Service } from '../src/core/service';
import { fakeEndpoint, folder, script } from './support';

const READY = `
const http = require('http');
const at = process.argv[process.argv.indexOf('--listen') + 1];
const server = http.createServer((q, a) => a.end(JSON.stringify(process.argv.slice(2)))).listen(0, '127.0.0.1', () => {
    console.log('a line before'); console.log('ready ide http://127.0.0.1:' + server.address().port);
});
process.on('SIGTERM', () => process.exit(0));
`;

function plan(program: string, readyMs = 5000) {
    return { program, roots: ['/tmp'], address: parseAddress('http://127.0.0.1:4304'), environment: process.env, readyMs };
}

test('a service is started with its roots and address as arguments, once, and ended', async () => {
    const service = new Service(ownAgent());
    const program = script(join(folder(), 'edgecoderd'), READY);
    const [one, two] = await Promise.all([service.start(plan(program)), service.start(plan(program))]);
    assert.equal(one, two);
    assert.equal(service.ours, true);
    assert.equal(await service.answers(one), true);
    const heard = (await (await fetch(one.url)).json()) as string[];
    assert.deepEqual(heard, ['ide', '--listen', '127.0.0.1:4304', '--root', '/tmp']);
    assert.equal(await service.stop(), true);
    assert.equal(await service.answers(one), false);
    assert.equal(await service.stop(), false);
});

test('what runs already is found and never ended', async (t) => {
    const fake = await fakeEndpoint(t);
    const service = new Service(ownAgent());
    assert.equal(await service.answers(parseAddress(fake.url)), true);
    assert.equal(await service.stop(), false);
    assert.equal(await service.answers(parseAddress(fake.url)), true);
    assert.equal(fake.seen.every((seen) => seen.headers.authorization === undefined), true);
});

test('a service that ends, says nothing or floods is an error in words, and nothing is left of it', async () => {
    const place = folder();
    const service = new Service(ownAgent());
    await assert.rejects(service.start(plan(script(join(place, 'a'), `console.error('port taken'); process.exit(3)`))), /status 3: port taken/);
    await assert.rejects(service.start(plan(script(join(place, 'b'), 'setInterval(() => 0, 1000)'), 200)), /not ready within 0.2 s/);
    await assert.rejects(service.start(plan(script(join(place, 'c'), `process.stdout.write('x'.repeat(100000)); setInterval(() => 0, 1000)`))), /a line is longer/);
    await assert.rejects(service.start(plan(script(join(place, 'd'), `console.log('ready ide http://example.com:80'); setInterval(() => 0, 1000)`))), /must lead to this machine/);
    await assert.rejects(service.start(plan(join(place, 'missing'))), /could not be started/);
    assert.equal(service.ours, false);
});

test('programs come from the setting or PATH, never from a relative folder or the workspace', async () => {
    const [place, workspace] = [folder(), folder()];
    const real = script(join(place, 'bin/edgecoder'), '');
    script(join(workspace, 'bin/edgecoder'), '');
    mkdirSync(join(place, 'links'));
    symlinkSync(join(workspace, 'bin/edgecoder'), join(place, 'links/edgecoder'));
    const find = (folder: string, PATH: string) => findProgram('edgecoder', { folder, environment: { PATH }, workspaces: [workspace] });
    assert.equal(await find(join(place, 'bin'), ''), real);
    assert.equal(await find('', `${join(workspace, 'bin')}:.:bin:${join(place, 'bin')}`), real);
    await assert.rejects(find(join(workspace, 'bin'), ''), /in the open workspace/);
    await assert.rejects(find(join(place, 'links'), ''), /in the open workspace/);
    await assert.rejects(find('bin', ''), /absolute/);
    await assert.rejects(find('', '/nonexistent'), /was not found/);
});
