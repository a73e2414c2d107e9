// Finding edgecoder and edgecoderd. The folder comes from a machine setting or from PATH; nothing inside an open workspace is
// ever taken for one of them, since a repository could bring its own.

import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, sep } from 'node:path';
import type { Environment } from './token';

export class ProgramError extends Error {}

export type ProgramName = 'edgecoder' | 'edgecoderd';

export interface ProgramPlaces {
    readonly folder: string; // the setting; empty: PATH
    readonly environment: Environment;
    readonly workspaces: readonly string[];
}

export async function findProgram(name: ProgramName, places: ProgramPlaces): Promise<string> {
    if (places.folder !== '' && !isAbsolute(places.folder)) throw new ProgramError('edgecoder.programFolder must be an absolute path');
    const folders = places.folder !== '' ? [places.folder] : (places.environment['PATH'] ?? '').split(delimiter).filter(isAbsolute);
    const file = process.platform === 'win32' ? `${name}.exe` : name;
    let inside = '';
    for (const folder of folders) {
        const found = await executable(join(folder, file));
        if (found === undefined) continue;
        if (!(await within(found, places.workspaces))) return found;
        inside = found;
    }
    if (inside !== '') throw new ProgramError(`${inside} lies in the open workspace and is not run: put EdgeCoder elsewhere`);
    const where = places.folder !== '' ? places.folder : 'PATH';
    throw new ProgramError(`${name} was not found in ${where}: set edgecoder.programFolder to the folder that holds it`);
}

async function executable(path: string): Promise<string | undefined> {
    try {
        const real = await realpath(path);
        await access(real, constants.X_OK);
        return (await stat(real)).isFile() ? real : undefined;
    } catch {
        return undefined;
    }
}

async function within(path: string, workspaces: readonly string[]): Promise<boolean> {
    for (const workspace of workspaces) {
        const root = await realpath(workspace).catch(() => workspace);
        if (path.startsWith(root.endsWith(sep) ? root : root + sep)) return true;
    }
    return false;
}
