// Tasks as a person sees them: the view of the plan, a diff editor for every proposed file, and the four answers.

import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Proposal } from '../core/decisions';
import { findProgram } from '../core/programs';
import type { Row } from '../core/task_model';
import { TaskRunner } from '../core/task_runner';
import { forMessage, safeLine } from '../core/wire';
import type { EndpointControl } from './endpoint_control';
import { OpenDocuments } from './open_documents';
import { PlanTree } from './plan_tree';
import { PROPOSAL_SCHEME, ProposalFiles, proposalPlace, proposalUri } from './proposal_files';
import { currentRoot, settings, workspaceRoots } from './settings';

const DRAW_MS = 40;

export class TaskControl {
    readonly tree = new PlanTree(() => this.runner?.model.rows(this.runner.decisions.proposals) ?? []);
    readonly proposals = new ProposalFiles(() => this.runner?.decisions, () => this.tree.refresh());
    private runner: TaskRunner | undefined;
    private lastId = 0;
    private drawing: NodeJS.Timeout | undefined;

    constructor(private readonly control: EndpointControl, private readonly version: string, private readonly log: vscode.LogOutputChannel) {}

    async runTask(): Promise<void> {
        const task = await vscode.window.showInputBox({ title: 'EdgeCoder', prompt: 'What is to be done?', ignoreFocusOut: true });
        if (task?.trim()) await this.run((runner) => runner.run(task.trim()));
    }

    async fixTests(): Promise<void> {
        await this.run((runner) => runner.fix());
    }

    stopTask(): void {
        this.runner?.cancel();
    }

    /** Opens the diff editor of a file of a proposal. */
    async open(place: { id: number; path: string }): Promise<void> {
        const [left, right] = (['old', 'new'] as const).map((side) => proposalUri({ ...place, side }));
        // The answer is about all files of the proposal, so its size is said.
        const files = this.runner?.decisions.proposal(place.id)?.files ?? [];
        const which = files.length > 1 ? `, file ${files.findIndex((file) => file.path === place.path) + 1} of ${files.length}` : '';
        await vscode.commands.executeCommand('vscode.diff', left, right, `${basename(place.path)} (proposed by EdgeCoder${which})`, { preview: false });
    }

    async accept(target?: unknown): Promise<void> {
        const id = this.target(target)?.id;
        if (id === undefined) return;
        // What was typed and not saved counts too.
        for (const document of vscode.workspace.textDocuments) {
            if (document.isDirty && proposalPlace(document.uri)?.id === id) await document.save();
        }
        await this.runner?.decisions.accept(id);
    }

    async reject(target?: unknown): Promise<void> {
        const id = this.target(target)?.id;
        if (id !== undefined) await this.runner?.decisions.reject(id);
    }

    async queue(target?: unknown): Promise<void> {
        const id = this.target(target)?.id;
        if (id === undefined) return;
        await this.runner?.decisions.queue(id);
        void vscode.window.showInformationMessage('EdgeCoder: queued. Nothing was sent; `edgecoder review list` shows it, `edgecoder review send` sends it.');
    }

    async edit(target?: unknown): Promise<void> {
        const place = this.target(target);
        if (!place) return;
        const path = place.path ?? this.runner?.decisions.proposal(place.id)?.files[0]?.path;
        if (path === undefined) return;
        this.proposals.allowEditing(proposalUri({ id: place.id, side: 'new', path }));
        await this.open({ id: place.id, path });
    }

    /** A question without files: the agent's own answers, to choose from. */
    async answer(target?: unknown): Promise<void> {
        const id = this.target(target)?.id;
        const proposal = id === undefined ? undefined : this.runner?.decisions.proposal(id);
        if (!proposal) return;
        const picks = proposal.options.map((option) => ({ label: safeLine(option.name), option: option.id, detail: option.kind.endsWith('always') ? 'and do not ask again' : '' }));
        const picked = await vscode.window.showQuickPick(picks, { title: proposal.title, placeHolder: safeLine(proposal.output, 500), ignoreFocusOut: true });
        if (picked) await this.runner?.decisions.choose(proposal.id, picked.option);
    }

    async showWords(): Promise<void> {
        const document = await vscode.workspace.openTextDocument({ content: this.runner?.model.said ?? '', language: 'markdown' });
        await vscode.window.showTextDocument(document, { preview: true });
    }

    async dispose(): Promise<void> {
        clearTimeout(this.drawing);
        await this.runner?.close();
    }

    private async run(work: (runner: TaskRunner) => Promise<string>): Promise<void> {
        if (!vscode.workspace.isTrusted) throw new Error('tasks run only in folders that you trust');
        const root = currentRoot();
        if (root === undefined) throw new Error('open a folder first');
        const runner = await this.runnerFor(root);
        await vscode.commands.executeCommand('edgecoder.plan.focus');
        try {
            const outcome = await work(runner);
            void vscode.window.showInformationMessage(`EdgeCoder: ${forMessage(outcome)}.`);
        } finally {
            await this.closeOldTabs();
        }
    }

    private async runnerFor(root: string): Promise<TaskRunner> {
        if (this.runner?.model.isRunning) throw new Error('a task runs already: stop it first');
        if (this.runner?.files.root === root) return this.runner;
        await this.runner?.close();
        this.runner = new TaskRunner({
            root, version: this.version, buffers: new OpenDocuments(), environment: this.control.environment(),
            program: () => findProgram('edgecoder', { folder: settings().programFolder, environment: process.env, workspaces: workspaceRoots() }),
            options: () => agentOptions(),
            nextId: () => ++this.lastId,
            changed: () => this.changed(),
            proposed: (proposal) => void this.proposed(proposal).catch((error: Error) => this.log.error(error.message)),
        });
        return this.runner;
    }

    /** Drawn a moment later, as an agent may say much at once. */
    private changed(): void {
        this.drawing ??= setTimeout(() => this.draw(), DRAW_MS);
    }

    private draw(): void {
        this.drawing = undefined;
        void vscode.commands.executeCommand('setContext', 'edgecoder.running', this.runner?.model.isRunning ?? false);
        this.tree.refresh();
        void this.closeOldTabs();
    }

    private async proposed(proposal: Proposal): Promise<void> {
        const first = proposal.files[0];
        if (first) {
            await this.open({ id: proposal.id, path: first.path });
            return;
        }
        const picked = await vscode.window.showWarningMessage(`EdgeCoder: ${forMessage(proposal.title)}`, 'Answer');
        if (picked === 'Answer') await this.answer({ proposal: proposal.id });
    }

    /** Diff editors whose question has been answered. */
    private async closeOldTabs(): Promise<void> {
        const old = vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => {
            const place = tab.input instanceof vscode.TabInputTextDiff && tab.input.modified.scheme === PROPOSAL_SCHEME ? proposalPlace(tab.input.modified) : undefined;
            return place !== undefined && this.runner?.decisions.proposal(place.id) === undefined;
        });
        if (old.length > 0) await vscode.window.tabGroups.close(old, true);
    }

    /** A row of the view, the URI of a diff editor, or the editor that is active. */
    private target(from?: unknown): { id: number; path?: string } | undefined {
        const row = from as Partial<Row> | undefined;
        if (typeof row?.proposal === 'number') return { id: row.proposal, ...(row.path !== undefined && { path: row.path }) };
        const uri = from instanceof vscode.Uri ? from : vscode.window.activeTextEditor?.document.uri;
        return uri && proposalPlace(uri);
    }
}

/** What stands behind "=" is one argument, whatever it holds. */
function agentOptions(): string[] {
    const { model, testCommand } = settings();
    return [...(model === '' ? [] : [`--model=${model}`]), ...(testCommand === '' ? [] : [`--test=${testCommand}`])];
}
