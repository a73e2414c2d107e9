// Completions at the cursor, and the ring of neighbouring pieces that is filled as files are left and saved.

import * as vscode from 'vscode';
import { Completer, waitFor } from '../core/completer';
import { Ring, mayBeShown } from '../core/ring';
import { relative } from 'node:path';
import type { EndpointControl } from './endpoint_control';
import { settings } from './settings';

const MOST_CHARACTERS = 2_000_000;

export class CompletionProvider implements vscode.InlineCompletionItemProvider {
    private readonly ring = new Ring();
    private readonly completer: Completer;
    private workspace = '';
    private lastFailure = '';

    constructor(private readonly control: EndpointControl, private readonly log: vscode.LogOutputChannel) {
        this.completer = new Completer({
            now: () => Date.now(), wait: waitFor,
            infill: async (cursor, signal) => {
                const answer = await control.endpoint.infill(cursor, this.ring.extra(cursor.file), this.workspace, signal);
                control.routed(answer.route);
                this.lastFailure = '';
                return answer.text;
            },
            failed: (error) => this.failed(error),
        });
    }

    register(): vscode.Disposable[] {
        return [
            vscode.languages.registerInlineCompletionItemProvider({ scheme: 'file', pattern: '**' }, this),
            vscode.workspace.onDidSaveTextDocument((document) => this.collect(document)),
            vscode.window.onDidChangeActiveTextEditor((editor) => editor && this.collect(editor.document, editor.selection.active.line)),
            vscode.workspace.onDidDeleteFiles((event) => event.files.forEach((uri) => this.forget(uri))),
            new vscode.Disposable(() => this.completer.stop()),
        ];
    }

    async provideInlineCompletionItems(document: vscode.TextDocument, position: vscode.Position, _context: vscode.InlineCompletionContext, token: vscode.CancellationToken): Promise<vscode.InlineCompletionItem[]> {
        const place = this.place(document);
        if (!place || this.control.state.is !== 'on') return [];
        const cancel = new AbortController();
        const listening = token.onCancellationRequested(() => cancel.abort());
        if (token.isCancellationRequested) cancel.abort();
        try {
            this.workspace = place.root;
            const cursor = { file: place.file, text: document.getText(), offset: document.offsetAt(position) };
            const text = await this.completer.complete(cursor, settings().completionDelay, cancel.signal);
            return text === '' ? [] : [new vscode.InlineCompletionItem(text, new vscode.Range(position, position))];
        } finally {
            listening.dispose();
        }
    }

    /** Said once, however often it happens while somebody types. */
    private failed(error: Error): void {
        if (error.message !== this.lastFailure) this.log.warn(`completion: ${error.message}`);
        this.lastFailure = error.message;
    }

    private collect(document: vscode.TextDocument, line = 0): void {
        const place = this.place(document);
        if (place) this.ring.add(place.file, document.getText(), line);
    }

    private forget(uri: vscode.Uri): void {
        const folder = vscode.workspace.getWorkspaceFolder(uri);
        if (folder) this.ring.forget(relative(folder.uri.fsPath, uri.fsPath));
    }

    /** Undefined where a file is nothing to complete in: not trusted, switched off, outside the folders, secret or huge. */
    private place(document: vscode.TextDocument): { root: string; file: string } | undefined {
        if (!vscode.workspace.isTrusted || !settings().completion || document.uri.scheme !== 'file') return undefined;
        const folder = vscode.workspace.getWorkspaceFolder(document.uri);
        if (!folder || !mayBeShown(document.uri.fsPath) || document.getText().length > MOST_CHARACTERS) return undefined;
        return { root: folder.uri.fsPath, file: relative(folder.uri.fsPath, document.uri.fsPath) };
    }
}
