// The editor's buffers as the agent reads and writes them.

import * as vscode from 'vscode';
import type { Buffers } from '../core/files';

export class OpenDocuments implements Buffers {
    text(path: string): string | undefined {
        return this.open(path)?.getText();
    }

    async write(path: string, text: string): Promise<void> {
        const uri = vscode.Uri.file(path);
        const document = this.open(path) ?? (await present(uri));
        const edit = new vscode.WorkspaceEdit();
        if (document) {
            edit.replace(uri, new vscode.Range(document.positionAt(0), document.positionAt(document.getText().length)), text);
        } else {
            edit.createFile(uri, { overwrite: false, contents: Buffer.from(text, 'utf8') });
        }
        if (!(await vscode.workspace.applyEdit(edit))) throw new Error(`VS Code did not write ${path}`);
        if (document && !(await document.save())) throw new Error(`${path} was changed but could not be saved`);
    }

    private open(path: string): vscode.TextDocument | undefined {
        return vscode.workspace.textDocuments.find((one) => !one.isClosed && one.uri.scheme === 'file' && one.uri.fsPath === path);
    }
}

async function present(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
    try {
        await vscode.workspace.fs.stat(uri);
    } catch {
        return undefined;
    }
    return vscode.workspace.openTextDocument(uri);
}
