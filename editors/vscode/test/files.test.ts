import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WorkspaceFiles } from '../src/core/files';
import { folder, put } from './support';

class MemoryBuffers {
    readonly open = new Map<string, string>();
    text(path: string) {
        return this.open.get(path);
    }
    write(path: string, text: string) {
        if (this.open.has(path)) this.open.set(path, text);
        writeFileSync(path, text);
        return Promise.resolve();
    }
}

test('an open buffer is read before the disk', async () => {
    const root = folder();
    const buffers = new MemoryBuffers();
    const files = new WorkspaceFiles(root, buffers);
    const path = put(join(root, 'a.txt'), 'on disk\n');
    assert.equal(await files.read(path), 'on disk\n');
    buffers.open.set(path, 'typed, not saved\n');
    assert.equal(await files.read(path), 'typed, not saved\n');
});

test('a part of a file is cut by lines, counted from one', async () => {
    const root = folder();
    const files = new WorkspaceFiles(root, new MemoryBuffers());
    const path = put(join(root, 'a.txt'), 'one\ntwo\nthree');
    assert.equal(await files.read(path, 2, 1), 'two\n');
    assert.equal(await files.read(path, 2), 'two\nthree');
    assert.equal(await files.read(path, undefined, 1), 'one\n');
    assert.equal(await files.read(path, 9, 1), '');
});

test('what leads out of the workspace is refused, whichever way', async () => {
    const [root, outside] = [folder(), folder()];
    const files = new WorkspaceFiles(root, new MemoryBuffers());
    put(join(outside, 'secret'), 'secret');
    symlinkSync(join(outside, 'secret'), join(root, 'link'));
    symlinkSync(outside, join(root, 'folder'));
    symlinkSync(join(outside, 'not there'), join(root, 'dangling'));
    put(join(root, '.git/config'), '');
    for (const path of [join(outside, 'secret'), join(root, '../', outside.split('/').pop()!, 'secret'), join(root, 'link'), join(root, 'folder/secret'), join(root, 'folder/new'),
        join(root, 'dangling'), `${root}/a/../../x`, 'relative', '', root, `${root}x/a`, join(root, '.git/config'), join(root, '.git/hooks/pre-commit'), `${root}/a\0b`]) {
        await assert.rejects(files.read(path), { name: 'Error' }, path);
        await assert.rejects(files.write(path, 'x'), { name: 'Error' }, path);
    }
    assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'secret');
});

test('new files in new folders may be written, links inside the workspace followed', async () => {
    const root = folder();
    const files = new WorkspaceFiles(root, new MemoryBuffers());
    assert.equal(await files.inside(join(root, 'new/deep/a.txt')), join(root, 'new/deep/a.txt'));
    mkdirSync(join(root, 'real'));
    symlinkSync(join(root, 'real'), join(root, 'alias'));
    await files.write(join(root, 'alias/b.txt'), 'x');
    assert.equal(readFileSync(join(root, 'real/b.txt'), 'utf8'), 'x');
    assert.equal(await files.present(join(root, 'none.txt')), undefined);
});

test('folders, binaries and huge files are no text', async () => {
    const root = folder();
    const files = new WorkspaceFiles(root, new MemoryBuffers());
    mkdirSync(join(root, 'folder'));
    writeFileSync(join(root, 'binary'), Buffer.from([0xff, 0xfe, 0x00]));
    writeFileSync(join(root, 'huge'), Buffer.alloc((8 << 20) + 1, 'x'));
    await assert.rejects(files.read(join(root, 'folder')), /not a file/);
    await assert.rejects(files.present(join(root, 'binary')), /not text/);
    await assert.rejects(files.read(join(root, 'huge')), /larger than/);
    await assert.rejects(files.write(join(root, 'a'), 'x'.repeat((8 << 20) + 1)), /larger than/);
});
