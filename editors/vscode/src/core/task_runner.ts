// One agent for one workspace folder: started at the first task, kept for the next ones (they are one conversation), one task
// at a time.

import { AgentClient, AgentError, type Verdict } from './acp_client';
import type { PermissionQuestion } from './acp_messages';
import { Decisions, type Proposal } from './decisions';
import { type Buffers, WorkspaceFiles } from './files';
import { queueReview } from './review';
import { TaskModel } from './task_model';
import type { Environment } from './token';

export interface RunnerPlan {
    readonly root: string;
    readonly version: string;
    readonly buffers: Buffers;
    readonly environment: Environment;
    /** Looked up for every start, so that a changed setting counts. */
    program(): Promise<string>;
    /** Options behind `acp`. */
    options(): readonly string[];
    nextId(): number;
    changed(): void;
    proposed(proposal: Proposal): void;
}

export class TaskRunner {
    readonly model: TaskModel;
    readonly decisions: Decisions;
    readonly files: WorkspaceFiles;
    private agent: AgentClient | undefined;
    private connecting: Promise<AgentClient> | undefined;
    private started = ''; // the options that the agent was started with
    private stopping = false;
    private task = '';
    /** What the person did with proposals, for the agent to read with the next task. */
    private notes: string[] = [];

    constructor(private readonly plan: RunnerPlan) {
        this.model = new TaskModel(plan.root);
        this.files = new WorkspaceFiles(plan.root, plan.buffers);
        this.decisions = new Decisions(
            {
                present: (path) => this.files.present(path),
                write: (path, text) => this.files.write(path, text),
                queueForReview: async (proposal) =>
                    queueReview({ program: await plan.program(), cwd: plan.root, environment: { ...plan.environment } }, plan.root, this.task, proposal),
            },
            plan.nextId,
            (added) => {
                plan.changed();
                if (added) plan.proposed(added);
            },
        );
    }

    /** Runs a task to its end and says how it ended. */
    async run(task: string): Promise<string> {
        if (this.model.isRunning) throw new AgentError('a task runs already: stop it first');
        this.task = task;
        this.stopping = false;
        this.model.begin(task);
        this.plan.changed();
        try {
            const agent = await this.connected();
            const reason = this.stopping ? 'cancelled' : await agent.prompt([task, ...this.takeNotes(task)]);
            this.model.end(STOPS[reason] ?? reason);
        } catch (error) {
            this.model.end(`failed: ${(error as Error).message}`);
            throw error;
        } finally {
            this.decisions.cancelAll();
            this.plan.changed();
        }
        return this.model.outcome;
    }

    /** The failing tests as the task: all that the agent does without a model. */
    fix(): Promise<string> {
        return this.run('Make the failing tests pass.');
    }

    /** Ends the task; the agent stays. */
    cancel(): void {
        if (!this.model.isRunning) return;
        this.stopping = true;
        this.agent?.cancel();
        this.decisions.cancelAll();
    }

    async close(): Promise<void> {
        const agent = this.agent;
        this.agent = undefined;
        this.decisions.cancelAll();
        await agent?.close();
    }

    private async answered(question: PermissionQuestion, signal: AbortSignal): Promise<Verdict> {
        const verdict = await this.decisions.ask(question, signal);
        if (verdict !== 'cancelled' && verdict.reason !== undefined) this.notes = [...this.notes, verdict.reason].slice(-MOST_NOTES);
        return verdict;
    }

    /** A command of the agent's own ("/undo") stands alone. */
    private takeNotes(task: string): string[] {
        return task.startsWith('/') ? [] : this.notes.splice(0);
    }

    /** The agent, started anew where its options have changed since. */
    private async connected(): Promise<AgentClient> {
        if (this.agent && !this.connecting) {
            if (this.started === JSON.stringify(this.plan.options())) return this.agent;
            await this.close();
        }
        this.connecting ??= this.connect().finally(() => (this.connecting = undefined));
        return this.connecting;
    }

    private async connect(): Promise<AgentClient> {
        const [program, options] = [await this.plan.program(), this.plan.options()];
        this.started = JSON.stringify(options);
        const agent: AgentClient = new AgentClient(
            { program, args: ['acp', ...options], cwd: this.plan.root, environment: { ...this.plan.environment } },
            {
                updated: (update) => {
                    this.model.apply(update);
                    this.plan.changed();
                },
                permission: (question, signal) => this.answered(question, signal),
                read: (question) => this.files.read(question.path, question.line, question.limit),
                write: (question) => this.files.write(question.path, question.content),
                ended: () => {
                    if (this.agent === agent) this.agent = undefined;
                    this.decisions.cancelAll();
                },
            },
        );
        this.agent = agent;
        try {
            await agent.open(this.plan.root, this.plan.version);
        } catch (error) {
            if (this.agent === agent) this.agent = undefined;
            await agent.close();
            throw error;
        }
        return agent;
    }
}

const MOST_NOTES = 8;
const STOPS: Record<string, string> = {
    end_turn: 'done', cancelled: 'stopped', refusal: 'the agent refused', max_tokens: 'out of tokens', max_turn_requests: 'out of steps',
};
