// What VS Code calls: builds the parts, registers commands and views, and takes everything down again.

import * as vscode from 'vscode';
import { statusText } from './core/router_status';
import { forMessage } from './core/wire';
import { CompletionProvider } from './shell/completion_provider';
import { EndpointControl } from './shell/endpoint_control';
import { PROPOSAL_SCHEME } from './shell/proposal_files';
import { TaskControl } from './shell/task_control';

let takeDown: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): void {
    const log = vscode.window.createOutputChannel('EdgeCoder', { log: true });
    const control = new EndpointControl(log);
    const version = String((context.extension.packageJSON as { version?: unknown }).version ?? '0');
    const tasks = new TaskControl(control, version, log);
    const completions = new CompletionProvider(control, log);

    context.subscriptions.push(
        log,
        vscode.window.createTreeView('edgecoder.plan', { treeDataProvider: tasks.tree }),
        vscode.workspace.registerFileSystemProvider(PROPOSAL_SCHEME, tasks.proposals, { isCaseSensitive: true }),
        ...completions.register(),
        vscode.workspace.onDidGrantWorkspaceTrust(() => void control.connectByItself()),
        vscode.window.onDidChangeWindowState((state) => state.focused && void control.connectByItself()),
        ...registered(log, {
            start: () => control.startByHand().then((up) => showStatus(control, up)),
            stop: () => control.stop(),
            showStatus: () => showStatus(control, true),
            runTask: () => tasks.runTask(),
            fixTests: () => tasks.fixTests(),
            stopTask: () => tasks.stopTask(),
            openPlan: () => vscode.commands.executeCommand('edgecoder.plan.focus'),
            showWords: () => tasks.showWords(),
            openProposal: (row) => tasks.open(placeOfRow(row)),
            answer: (target) => tasks.answer(target),
            accept: (target) => tasks.accept(target),
            reject: (target) => tasks.reject(target),
            edit: (target) => tasks.edit(target),
            queue: (target) => tasks.queue(target),
        }),
    );
    takeDown = async () => {
        await tasks.dispose();
        await control.dispose();
    };
    void control.connectByItself();
}

export async function deactivate(): Promise<void> {
    const work = takeDown;
    takeDown = undefined;
    await work?.();
}

/** Commands whose failure is said to the person and logged. */
function registered(log: vscode.LogOutputChannel, commands: Record<string, (target?: unknown) => unknown>): vscode.Disposable[] {
    return Object.entries(commands).map(([name, work]) =>
        vscode.commands.registerCommand(`edgecoder.${name}`, async (target?: unknown) => {
            try {
                await work(target);
            } catch (error) {
                log.error(`${name}: ${(error as Error).message}`);
                void vscode.window.showErrorMessage(`EdgeCoder: ${forMessage((error as Error).message)}`);
            }
        }),
    );
}

async function showStatus(control: EndpointControl, ask: boolean): Promise<void> {
    if (ask && control.state.is !== 'starting') await control.connect(false);
    const { detail, loud } = statusText(control.state);
    const buttons = control.state.is === 'on' ? (control.state.ours ? ['Stop'] : []) : ['Start'];
    const picked = await (loud || control.state.is === 'failed' ? vscode.window.showWarningMessage : vscode.window.showInformationMessage)(`EdgeCoder: ${forMessage(detail)}`, ...buttons);
    if (picked === 'Stop') await control.stop();
    if (picked === 'Start') await control.startByHand();
}

function placeOfRow(row: unknown): { id: number; path: string } {
    const { proposal, path } = row as { proposal: number; path: string };
    return { id: proposal, path };
}
