// What a task looks like to a person: its plan, its steps, its words and the questions that wait, as rows for a tree. Bounded,
// as the agent decides how much it says.

import { basename, relative } from 'node:path';
import type { PlanEntry, ToolCall, Update } from './acp_messages';
import type { Proposal } from './decisions';
import { safeLine } from './wire';

export type RowKind = 'task' | 'group' | 'plan' | 'step' | 'question' | 'file' | 'text';

export interface Row {
    readonly id: string;
    readonly kind: RowKind;
    readonly label: string;
    readonly detail: string;
    readonly icon: string; // a name of VS Code's codicons
    readonly children: readonly Row[];
    /** For questions and their files: which one. */
    readonly proposal?: number;
    readonly path?: string;
}

const MOST_STEPS = 300;
const MOST_TEXT = 200_000;

interface Step {
    title: string;
    status: string;
}

const PLAN_ICONS = { pending: 'circle-large-outline', in_progress: 'sync~spin', completed: 'check' } as const;
const STEP_ICONS: Record<string, string> = { pending: 'clock', in_progress: 'sync~spin', completed: 'check', failed: 'error' };

export class TaskModel {
    private plan: readonly PlanEntry[] = [];
    private readonly steps = new Map<string, Step>();
    private words = '';
    private state = '';
    private running = false;
    private forgotten = 0;

    constructor(private readonly root: string, private title = '') {}

    get isRunning(): boolean {
        return this.running;
    }

    /** What the agent said in this task, as Markdown of its own. */
    get said(): string {
        return this.words;
    }

    get outcome(): string {
        return this.state;
    }

    begin(task: string): void {
        this.title = safeLine(task, 120);
        this.plan = [];
        this.steps.clear();
        this.words = '';
        this.forgotten = 0;
        this.state = 'running';
        this.running = true;
    }

    end(state: string): void {
        this.state = safeLine(state, 300);
        this.running = false;
    }

    apply(update: Update): void {
        if (update.is === 'plan') this.plan = update.entries;
        else if (update.is === 'text') this.words = (this.words + update.text).slice(-MOST_TEXT);
        else if (update.is === 'tool') this.step(update.call);
    }

    rows(proposals: readonly Proposal[]): Row[] {
        if (this.title === '') return [];
        const rows: Row[] = [row('task', 'task', this.title, this.state, this.running ? 'sync~spin' : 'tasklist')];
        rows.push(...proposals.map((proposal) => this.question(proposal)));
        if (this.plan.length > 0) {
            const done = this.plan.filter((entry) => entry.status === 'completed').length;
            const entries = this.plan.map((entry, index) => row(`plan.${index}`, 'plan', safeLine(entry.content), '', PLAN_ICONS[entry.status]));
            rows.push(row('plan', 'group', 'Plan', `${done} of ${entries.length}`, 'list-ordered', entries));
        }
        if (this.steps.size > 0) {
            const steps = [...this.steps].map(([id, step]) => row(`step.${id}`, 'step', step.title, step.status === 'failed' ? 'failed' : '', STEP_ICONS[step.status] ?? 'circle-outline'));
            rows.push(row('steps', 'group', 'Steps', `${this.steps.size + this.forgotten}`, 'list-tree', steps));
        }
        if (this.words !== '') rows.push(row('words', 'text', 'What the agent says', safeLine(this.words.trimEnd().slice(-80)), 'comment'));
        return rows;
    }

    private question(proposal: Proposal): Row {
        const files = proposal.files.map((file) => ({
            ...row(`file.${proposal.id}.${file.path}`, 'file', basename(file.path), fileDetail(this.root, file.path, file.before, file.text !== file.newText), 'diff'),
            proposal: proposal.id, path: file.path,
        }));
        return { ...row(`question.${proposal.id}`, 'question', proposal.title, 'waits for you', 'question', files), proposal: proposal.id };
    }

    private step(call: ToolCall): void {
        const known = this.steps.get(call.id);
        if (known) {
            if (call.title !== undefined) known.title = safeLine(call.title);
            if (call.status !== undefined) known.status = call.status;
            return;
        }
        this.steps.set(call.id, { title: safeLine(call.title ?? '') || 'a step', status: call.status ?? 'pending' });
        if (this.steps.size > MOST_STEPS) {
            this.steps.delete(this.steps.keys().next().value!);
            this.forgotten++;
        }
    }
}

function row(id: string, kind: RowKind, label: string, detail: string, icon: string, children: readonly Row[] = []): Row {
    return { id, kind, label, detail, icon, children };
}

function fileDetail(root: string, path: string, before: string | undefined, edited: boolean): string {
    const words = [safeLine(relative(root, path))];
    if (before === undefined) words.push('new');
    if (edited) words.push('edited by you');
    return words.join(' · ');
}
