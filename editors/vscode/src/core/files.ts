// Answers the agent's reads and writes: from the open buffer where there is one, else from the disk, and only inside the
// workspace, links followed before that is decided.

import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, sep } from 'node:path';

export class FileError extends Error {}

/** What the editor has open and how it writes. Paths are absolute and inside the workspace. */
export interface Buffers {
    /** The text of an open document, unsaved changes included; undefined where it is not open. */
    text(path: string): string | undefined;
    /** Replaces the text of a document, creating the file where there is none, and saves it. */
    write(path: string, text: string): Promise<void>;
}

const MOST_BYTES = 8 << 20;

export class WorkspaceFiles {
    constructor(readonly root: string, private readonly buffers: Buffers) {}

    async read(path: string, line?: number, limit?: number): Promise<string> {
        const place = await this.inside(path);
        const text = this.buffers.text(path) ?? this.buffers.text(place) ?? (await textOnDisk(place));
        if (line === undefined && limit === undefined) return text;
        const lines = text.split(/(?<=\n)/);
        const first = Math.max(0, (line ?? 1) - 1);
        return lines.slice(first, limit === undefined ? undefined : first + limit).join('');
    }

    /** Undefined where there is no such file yet. */
    async present(path: string): Promise<string | undefined> {
        try {
            return await this.read(path);
        } catch (error) {
            if (error instanceof FileError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
            throw error;
        }
    }

    async write(path: string, text: string): Promise<void> {
        if (Buffer.byteLength(text) > MOST_BYTES) throw new FileError(`${path} would be larger than ${MOST_BYTES >> 20} MB`);
        const place = await this.inside(path);
        await this.buffers.write(this.buffers.text(path) === undefined ? place : path, text);
    }

    /** The path with every link followed, or a FileError where it leads out of the workspace. */
    async inside(path: string): Promise<string> {
        if (!isAbsolute(path) || path.includes('\0')) throw new FileError(`${JSON.stringify(path)} is not an absolute path`);
        const root = await realpath(this.root);
        const place = await resolved(normalize(path));
        const prefix = root.endsWith(sep) ? root : root + sep;
        if (!place.startsWith(prefix)) throw new FileError(`${path} is outside the workspace`);
        // What git keeps there decides what runs on the next commit.
        if (place.slice(prefix.length).split(sep).includes('.git')) throw new FileError(`${path} belongs to git, not to the project`);
        return place;
    }
}

/** realpath() of the part that exists, with the rest behind it. */
async function resolved(path: string): Promise<string> {
    try {
        return await realpath(path);
    } catch (error) {
        const above = dirname(path);
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw new FileError(`${path} cannot be reached`);
        // A link to nothing does not exist for realpath, and would be followed when it is written.
        const link = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).then(
            (handle) => handle.close().then(() => false),
            (reason: NodeJS.ErrnoException) => reason.code === 'ELOOP',
        );
        if (link) throw new FileError(`${path} is a link to nothing`);
        return join(await resolved(above), basename(path));
    }
}

async function textOnDisk(path: string): Promise<string> {
    let handle;
    try {
        handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
        throw new FileError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
    }
    try {
        const info = await handle.stat();
        if (!info.isFile()) throw new FileError(`${path} is not a file`);
        if (info.size > MOST_BYTES) throw new FileError(`${path} is larger than ${MOST_BYTES >> 20} MB`);
        try {
            return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(await handle.readFile());
        } catch {
            throw new FileError(`${path} is not text`);
        }
    } finally {
        await handle.close();
    }
}
