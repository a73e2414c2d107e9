// The endpoint's token: read anew from its file whenever it is needed, so that it is kept nowhere else. Refused where somebody
// else could have written or read the file.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export class TokenError extends Error {}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where EdgeCoder keeps its data, as the programs themselves decide it. */
export function dataFolder(setting: string, environment: Environment): string {
    if (setting !== '') {
        if (!isAbsolute(setting)) throw new TokenError('edgecoder.dataFolder must be an absolute path');
        return setting;
    }
    if (environment['EDGECODER_DATA_DIR']) return environment['EDGECODER_DATA_DIR'];
    const shared = environment['XDG_DATA_HOME'];
    if (shared && isAbsolute(shared)) return join(shared, 'edgecoder');
    return join(environment['HOME'] || homedir(), '.local/share/edgecoder');
}

export function tokenFile(data: string): string {
    return join(data, 'secrets', 'ide-token');
}

const MOST_BYTES = 4096;

export async function readToken(file: string): Promise<string> {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') throw new TokenError(`there is no token at ${file}: has edgecoderd ide been started once?`);
        if (error.code === 'ELOOP') throw new TokenError(`${file} is a link, not the token itself`);
        throw new TokenError(`the token at ${file} cannot be read (${error.code})`);
    });
    try {
        const info = await handle.stat();
        if (!info.isFile()) throw new TokenError(`${file} is not a file`);
        if (process.getuid && info.uid !== process.getuid()) throw new TokenError(`${file} belongs to somebody else`);
        if ((info.mode & 0o077) !== 0) throw new TokenError(`others may use ${file}: run chmod 600 on it, and have a new token made`);
        const buffer = Buffer.alloc(MOST_BYTES + 1);
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
        const token = buffer.toString('latin1', 0, bytesRead).trim();
        if (bytesRead > MOST_BYTES || !/^[\x21-\x7e]+$/.test(token)) throw new TokenError(`${file} does not hold a token`);
        return token;
    } finally {
        await handle.close();
    }
}
