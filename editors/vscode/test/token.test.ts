import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataFolder, readToken, tokenFile } from '../src/core/token';
import { folder, put } from './support';

test('the data folder is found as the programs find it', () => {
    assert.equal(dataFolder('/own', { EDGECODER_DATA_DIR: '/other' }), '/own');
    assert.equal(dataFolder('', { EDGECODER_DATA_DIR: '/data', XDG_DATA_HOME: '/xdg' }), '/data');
    assert.equal(dataFolder('', { XDG_DATA_HOME: '/xdg', HOME: '/h' }), '/xdg/edgecoder');
    assert.equal(dataFolder('', { XDG_DATA_HOME: 'relative', HOME: '/h' }), '/h/.local/share/edgecoder');
    assert.throws(() => dataFolder('relative', {}), /absolute/);
    assert.equal(tokenFile('/data'), '/data/secrets/ide-token');
});

test('a token in a file of mode 0600 is read without its line end', async () => {
    assert.equal(await readToken(put(join(folder(), 'token'), 'abc-123\n', 0o600)), 'abc-123');
});

for (const [what, mode] of [['the group', 0o640], ['everybody', 0o604], ['writers of the group', 0o620]] as const) {
    test(`a token that ${what} may use is refused, and not said in the message`, async () => {
        const file = put(join(folder(), 'token'), 'abc-123\n', mode);
        await assert.rejects(readToken(file), (error: Error) => /others may use/.test(error.message) && !error.message.includes('abc-123'));
    });
}

test('a link, a folder, a missing, an empty, a binary and a huge token are refused', async () => {
    const place = folder();
    put(join(place, 'real'), 'abc', 0o600);
    symlinkSync(join(place, 'real'), join(place, 'link'));
    mkdirSync(join(place, 'folder'), { mode: 0o700 });
    await assert.rejects(readToken(join(place, 'link')), /is a link/);
    await assert.rejects(readToken(join(place, 'folder')), /not a file/);
    await assert.rejects(readToken(join(place, 'missing')), /there is no token/);
    await assert.rejects(readToken(put(join(place, 'empty'), '\n', 0o600)), /does not hold a token/);
    await assert.rejects(readToken(put(join(place, 'binary'), 'a\u0000b', 0o600)), /does not hold a token/);
    await assert.rejects(readToken(put(join(place, 'two'), 'a\nb', 0o600)), /does not hold a token/);
    await assert.rejects(readToken(put(join(place, 'huge'), 'a'.repeat(5000), 0o600)), /does not hold a token/);
});
