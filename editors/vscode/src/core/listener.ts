// Whether a port on this machine is held by us (or by root). Anybody may listen on a free port; a token sent to somebody else's
// program is theirs. Linux tells who listens; where it cannot be known the answer is yes.

import { readFile } from 'node:fs/promises';
import type { Address } from './address';

const LISTEN = '0A';

export async function ownListener(address: Address, tables: readonly string[] = ['/proc/net/tcp', '/proc/net/tcp6']): Promise<boolean> {
    if (!process.getuid) return true;
    const us = process.getuid();
    const port = address.port.toString(16).toUpperCase().padStart(4, '0');
    for (const table of tables) {
        const text = await readFile(table, 'latin1').catch(() => '');
        for (const line of text.split('\n').slice(1)) {
            const [, local, , state, , , , uid] = line.trim().split(/\s+/);
            if (state === LISTEN && local?.endsWith(`:${port}`) && Number(uid) !== us && uid !== '0') return false;
        }
    }
    return true;
}
