// TEST DOUBLE of the `vscode` module: as much of it as the extension uses, in memory, driven by tests through `double`. It is
// put in place of `vscode` when the tests are bundled and is no part of the extension.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

type Listener<T> = (event: T) => unknown;

export class Disposable {
    constructor(private readonly work: () => unknown) {}
    dispose() {
        this.work();
    }
}

export class EventEmitter<T> {
    private readonly listeners = new Set<Listener<T>>();
    readonly event = (listener: Listener<T>) => {
        this.listeners.add(listener);
        return new Disposable(() => this.listeners.delete(listener));
    };
    fire(event: T) {
        for (const listener of this.listeners) listener(event);
    }
}

export class Uri {
    private constructor(readonly scheme: string, readonly path: string) {}
    static file(path: string) {
        return new Uri('file', path);
    }
    static from(parts: { scheme: string; path: string }) {
        return new Uri(parts.scheme, parts.path);
    }
    get fsPath() {
        return this.path;
    }
    toString() {
        return `${this.scheme}:${this.path}`;
    }
}

export class Position {
    constructor(readonly line: number, readonly character: number) {}
}

export class Range {
    constructor(readonly start: Position, readonly end: Position) {}
}

export class ThemeIcon {
    constructor(readonly id: string) {}
}

export class ThemeColor {
    constructor(readonly id: string) {}
}

export class TreeItem {
    [name: string]: unknown;
    constructor(readonly label: string, readonly collapsibleState: number) {}
}

export class InlineCompletionItem {
    constructor(readonly insertText: string, readonly range: Range) {}
}

export class TabInputTextDiff {
    constructor(readonly original: Uri, readonly modified: Uri) {}
}

export class FileSystemError extends Error {
    static FileNotFound(uri: Uri) {
        return new FileSystemError(`not found: ${uri.toString()}`);
    }
    static NoPermissions(uri: Uri) {
        return new FileSystemError(`no permissions: ${uri.toString()}`);
    }
}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const StatusBarAlignment = { Left: 1, Right: 2 };
export const FileType = { File: 1, Directory: 2 };
export const FilePermission = { Readonly: 1 };
export const FileChangeType = { Changed: 1 };

interface Edit {
    uri: Uri;
    text: string;
    create: boolean;
}

export class WorkspaceEdit {
    readonly edits: Edit[] = [];
    replace(uri: Uri, _range: Range, text: string) {
        this.edits.push({ uri, text, create: false });
    }
    createFile(uri: Uri, options: { contents: Uint8Array }) {
        this.edits.push({ uri, text: Buffer.from(options.contents).toString('utf8'), create: true });
    }
}

class Document {
    isDirty = false;
    isClosed = false;
    constructor(readonly uri: Uri, private text: string) {}
    getText() {
        return this.text;
    }
    type(text: string) {
        this.text = text;
        this.isDirty = true;
    }
    offsetAt(position: Position) {
        return this.text.split('\n').slice(0, position.line).reduce((sum, line) => sum + line.length + 1, 0) + position.character;
    }
    positionAt(offset: number) {
        const lines = this.text.slice(0, offset).split('\n');
        return new Position(lines.length - 1, lines[lines.length - 1]!.length);
    }
    async save() {
        if (this.uri.scheme === 'file') writeFileSync(this.uri.fsPath, this.text);
        else await (double.fileSystems.get(this.uri.scheme) as { writeFile(uri: Uri, content: Uint8Array): unknown }).writeFile(this.uri, Buffer.from(this.text));
        this.isDirty = false;
        events.saved.fire(this);
        return true;
    }
}

interface Message {
    level: 'info' | 'warning' | 'error';
    text: string;
    buttons: string[];
}

const events = {
    saved: new EventEmitter<Document>(), editor: new EventEmitter<unknown>(), trust: new EventEmitter<void>(),
    window: new EventEmitter<{ focused: boolean }>(), deleted: new EventEmitter<{ files: Uri[] }>(),
};

/** What tests set and look at. */
export const double = {
    settings: new Map<string, unknown>(),
    folders: [] as { uri: Uri }[],
    documents: [] as Document[],
    tabs: [] as { input: unknown }[],
    messages: [] as Message[],
    log: [] as string[],
    executed: [] as unknown[][],
    commands: new Map<string, (...args: unknown[]) => unknown>(),
    fileSystems: new Map<string, unknown>(),
    completionProviders: [] as unknown[],
    trees: new Map<string, { getChildren(row?: unknown): unknown[]; getTreeItem(row: unknown): TreeItem }>(),
    statusBar: { text: '', tooltip: '', backgroundColor: undefined as ThemeColor | undefined },
    trusted: true,
    input: undefined as string | undefined,
    pick: (_items: { label: string }[]) => undefined as unknown,
    press: undefined as string | undefined,
    refuseEdits: false,
    events,
    open(path: string, text = readFileSync(path, 'utf8')) {
        const document = new Document(Uri.file(path), text);
        this.documents.push(document);
        return document;
    },
    reset() {
        Object.assign(this, { folders: [], documents: [], tabs: [], messages: [], log: [], executed: [], completionProviders: [], trusted: true, input: undefined, press: undefined, refuseEdits: false });
        this.settings.clear();
        this.commands.clear();
        this.fileSystems.clear();
        this.trees.clear();
    },
};

function said(level: Message['level']) {
    return (text: string, ...buttons: string[]) => {
        double.messages.push({ level, text, buttons });
        return Promise.resolve(double.press !== undefined && buttons.includes(double.press) ? double.press : undefined);
    };
}

export const window = {
    activeTextEditor: undefined as { document: Document } | undefined,
    createStatusBarItem: () => Object.assign(double.statusBar, { show: () => undefined, dispose: () => undefined }),
    createTreeView(id: string, options: { treeDataProvider: never }) {
        double.trees.set(id, options.treeDataProvider);
        return new Disposable(() => undefined);
    },
    createOutputChannel() {
        const line = (text: string) => void double.log.push(text);
        return { info: line, warn: line, error: line, dispose: () => undefined };
    },
    showInformationMessage: said('info'),
    showWarningMessage: said('warning'),
    showErrorMessage: said('error'),
    showInputBox: () => Promise.resolve(double.input),
    showQuickPick: (items: { label: string }[]) => Promise.resolve(double.pick(items)),
    showTextDocument: () => Promise.resolve(),
    onDidChangeActiveTextEditor: events.editor.event,
    onDidChangeWindowState: events.window.event,
    tabGroups: {
        get all() {
            return [{ tabs: double.tabs }];
        },
        close(tabs: { input: unknown }[]) {
            double.tabs = double.tabs.filter((tab) => !tabs.includes(tab));
            return Promise.resolve(true);
        },
    },
};

export const workspace = {
    get workspaceFolders() {
        return double.folders;
    },
    get textDocuments() {
        return double.documents;
    },
    get isTrusted() {
        return double.trusted;
    },
    getConfiguration: (section: string) => ({ get: (name: string) => double.settings.get(`${section}.${name}`) }),
    getWorkspaceFolder: (uri: Uri) => double.folders.find((folder) => uri.fsPath.startsWith(`${folder.uri.fsPath}/`)),
    fs: { stat: (uri: Uri) => (existsSync(uri.fsPath) ? Promise.resolve({}) : Promise.reject(FileSystemError.FileNotFound(uri))) },
    openTextDocument: (what: Uri | { content: string }) => {
        const document = what instanceof Uri ? new Document(what, readFileSync(what.fsPath, 'utf8')) : new Document(Uri.from({ scheme: 'untitled', path: '/x' }), what.content);
        double.documents.push(document);
        return Promise.resolve(document);
    },
    applyEdit(edit: WorkspaceEdit) {
        if (double.refuseEdits) return Promise.resolve(false);
        for (const one of edit.edits) {
            if (one.create) {
                mkdirSync(dirname(one.uri.fsPath), { recursive: true });
                writeFileSync(one.uri.fsPath, one.text);
            } else {
                double.documents.find((document) => document.uri.toString() === one.uri.toString())!.type(one.text);
            }
        }
        return Promise.resolve(true);
    },
    registerFileSystemProvider(scheme: string, provider: unknown) {
        double.fileSystems.set(scheme, provider);
        return new Disposable(() => undefined);
    },
    onDidSaveTextDocument: events.saved.event,
    onDidDeleteFiles: events.deleted.event,
    onDidGrantWorkspaceTrust: events.trust.event,
};

export const languages = {
    registerInlineCompletionItemProvider(_selector: unknown, provider: unknown) {
        double.completionProviders.push(provider);
        return new Disposable(() => undefined);
    },
};

export const commands = {
    registerCommand(name: string, work: (...args: unknown[]) => unknown) {
        double.commands.set(name, work);
        return new Disposable(() => double.commands.delete(name));
    },
    executeCommand(name: string, ...args: unknown[]) {
        double.executed.push([name, ...args]);
        // As VS Code does: the diff opens a tab and the document on its right side.
        if (name === 'vscode.diff') {
            const [left, right] = args as [Uri, Uri];
            if (!double.documents.some((one) => one.uri.toString() === right.toString())) {
                const files = double.fileSystems.get(right.scheme) as { readFile(uri: Uri): Uint8Array };
                double.documents.push(new Document(right, Buffer.from(files.readFile(right)).toString('utf8')));
                double.tabs.push({ input: new TabInputTextDiff(left, right) });
            }
        }
        return Promise.resolve(double.commands.get(name)?.(...args));
    },
};
