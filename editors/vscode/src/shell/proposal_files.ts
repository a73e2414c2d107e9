// Proposed texts as virtual documents: edgecoder-proposal:/ID/old/PATH and /ID/new/PATH. Kept in memory, read-only until the
// person chose Edit; saving one changes the proposal, never the file.

import * as vscode from 'vscode';
import type { Decisions, ProposedFile } from '../core/decisions';

export const PROPOSAL_SCHEME = 'edgecoder-proposal';

export type Side = 'old' | 'new';

export interface ProposalPlace {
    readonly id: number;
    readonly side: Side;
    readonly path: string;
}

export function proposalUri(place: ProposalPlace): vscode.Uri {
    return vscode.Uri.from({ scheme: PROPOSAL_SCHEME, path: `/${place.id}/${place.side}${place.path}` });
}

export function proposalPlace(uri: vscode.Uri): ProposalPlace | undefined {
    const parts = uri.scheme === PROPOSAL_SCHEME ? /^\/(\d+)\/(old|new)(\/.*)$/s.exec(uri.path) : null;
    return parts ? { id: Number(parts[1]), side: parts[2] as Side, path: parts[3]! } : undefined;
}

export class ProposalFiles implements vscode.FileSystemProvider {
    private readonly changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
    private readonly editable = new Set<string>();
    private version = 1;
    readonly onDidChangeFile = this.changes.event;

    /** `decisions`: those of the task that runs now. */
    constructor(private readonly decisions: () => Decisions | undefined, private readonly edited: () => void) {}

    allowEditing(uri: vscode.Uri): void {
        this.editable.add(uri.toString());
        this.touch(uri);
    }

    stat(uri: vscode.Uri): vscode.FileStat {
        const { file, side } = this.find(uri);
        const readonly = side === 'old' || !this.editable.has(uri.toString());
        return {
            type: vscode.FileType.File, ctime: 0, mtime: this.version, size: Buffer.byteLength(textOf(file, side)),
            ...(readonly && { permissions: vscode.FilePermission.Readonly }),
        };
    }

    readFile(uri: vscode.Uri): Uint8Array {
        const { file, side } = this.find(uri);
        return Buffer.from(textOf(file, side), 'utf8');
    }

    writeFile(uri: vscode.Uri, content: Uint8Array): void {
        const { id, side, file } = this.find(uri);
        if (side === 'old' || !this.editable.has(uri.toString())) throw vscode.FileSystemError.NoPermissions(uri);
        this.decisions()!.edit(id, file.path, Buffer.from(content).toString('utf8'));
        this.touch(uri);
        this.edited();
    }

    watch(): vscode.Disposable {
        return new vscode.Disposable(() => undefined);
    }

    readDirectory(): [string, vscode.FileType][] {
        return [];
    }

    createDirectory(uri: vscode.Uri): void {
        throw vscode.FileSystemError.NoPermissions(uri);
    }

    delete(uri: vscode.Uri): void {
        throw vscode.FileSystemError.NoPermissions(uri);
    }

    rename(uri: vscode.Uri): void {
        throw vscode.FileSystemError.NoPermissions(uri);
    }

    private touch(uri: vscode.Uri): void {
        this.version++;
        this.changes.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    }

    private find(uri: vscode.Uri): { id: number; side: Side; file: ProposedFile } {
        const place = proposalPlace(uri);
        const file = place && this.decisions()?.proposal(place.id)?.files.find((one) => one.path === place.path);
        if (!place || !file) throw vscode.FileSystemError.FileNotFound(uri);
        return { id: place.id, side: place.side, file };
    }
}

function textOf(file: ProposedFile, side: Side): string {
    return side === 'new' ? file.text : (file.oldText ?? '');
}
