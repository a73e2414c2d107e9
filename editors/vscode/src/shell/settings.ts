// The settings, read when they are needed. Those that decide what runs and where text goes have the scope "machine": a
// workspace cannot set them.

import * as vscode from 'vscode';

export interface Settings {
    readonly url: string;
    readonly programFolder: string;
    readonly dataFolder: string;
    readonly model: string;
    readonly testCommand: string;
    readonly startAutomatically: boolean;
    readonly completion: boolean;
    readonly completionDelay: number;
}

export function settings(): Settings {
    const own = vscode.workspace.getConfiguration('edgecoder');
    return {
        url: own.get<string>('url') || 'http://127.0.0.1:4304',
        programFolder: own.get<string>('programFolder') ?? '',
        dataFolder: own.get<string>('dataFolder') ?? '',
        model: own.get<string>('model') ?? '',
        testCommand: own.get<string>('testCommand') ?? '',
        startAutomatically: own.get<boolean>('startAutomatically') ?? true,
        completion: own.get<boolean>('completion.enabled') ?? true,
        completionDelay: own.get<number>('completion.delay') ?? 120,
    };
}

/** Folders on this machine's disk. */
export function workspaceRoots(): string[] {
    return (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === 'file').map((folder) => folder.uri.fsPath);
}

/** The folder that a task is about: that of the active editor, else the first. */
export function currentRoot(): string | undefined {
    const active = vscode.window.activeTextEditor?.document.uri;
    const folder = active?.scheme === 'file' ? vscode.workspace.getWorkspaceFolder(active) : undefined;
    return folder?.uri.fsPath ?? workspaceRoots()[0];
}
