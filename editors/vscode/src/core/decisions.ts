// Questions of the agent that wait for a person, and what each of the four answers does:
//   Accept            allow_once, and the agent writes; when the person changed the proposed text, that text is written here
//                     and the agent is told that its own was rejected and why
//   Reject            reject_once
//   Edit              the proposed text becomes the person's to change; Accept or Reject follow
//   Queue for review  `edgecoder review queue` with the task and the proposal, then reject_once
// A change is only accepted while its file is still what it was when the proposal came: what a person typed meanwhile counts.

import type { Verdict } from './acp_client';
import type { OptionKind, PermissionOption, PermissionQuestion } from './acp_messages';
import { safeLine } from './wire';

export class DecisionError extends Error {}

export interface ProposedFile {
    readonly path: string;
    readonly oldText: string | undefined;
    readonly newText: string;
    /** What stands in the diff editor's right side; differs from newText once a person changed it. */
    text: string;
    /** The file when the proposal came, unsaved changes included; undefined: there was none. */
    readonly before: string | undefined;
}

export interface Proposal {
    readonly id: number;
    readonly title: string;
    readonly kind: string;
    readonly output: string;
    readonly files: readonly ProposedFile[];
    readonly options: readonly PermissionOption[];
}

/** What decisions need of the world. Paths are refused outside the workspace. */
export interface DecisionWorld {
    present(path: string): Promise<string | undefined>;
    write(path: string, text: string): Promise<void>;
    queueForReview(proposal: Proposal): Promise<string>;
}

interface Waiting {
    readonly proposal: Proposal;
    settle(verdict: Verdict): void;
    busy: boolean;
}

const MOST_WAITING = 32;

export class Decisions {
    private readonly waiting = new Map<number, Waiting>();

    /** `nextId`: never the same number twice, in whatever task, so that an old tab cannot answer a new question. */
    constructor(private readonly world: DecisionWorld, private readonly nextId: () => number, private readonly changed: (added?: Proposal) => void) {}

    get proposals(): Proposal[] {
        return [...this.waiting.values()].map((one) => one.proposal);
    }

    /** Fulfilled when the person, `signal` or cancelAll() has decided. Rejected where a path may not be touched. */
    async ask(question: PermissionQuestion, signal?: AbortSignal): Promise<Verdict> {
        if (this.waiting.size >= MOST_WAITING) throw new DecisionError('too many questions wait for an answer');
        const id = this.nextId();
        const files: ProposedFile[] = [];
        for (const diff of question.call.diffs ?? []) {
            files.push({ path: diff.path, oldText: diff.oldText, newText: diff.newText, text: diff.newText, before: await this.world.present(diff.path) });
        }
        const proposal: Proposal = {
            id, files, options: question.options, kind: question.call.kind ?? 'other', output: question.call.output ?? '',
            title: safeLine(question.call.title ?? '') || 'The agent asks for permission',
        };
        if (signal?.aborted) return 'cancelled';
        return new Promise((resolve) => {
            const settle = (verdict: Verdict) => {
                if (!this.waiting.delete(id)) return;
                resolve(verdict);
                this.changed();
            };
            signal?.addEventListener('abort', () => settle('cancelled'), { once: true });
            this.waiting.set(id, { proposal, busy: false, settle });
            this.changed(proposal);
        });
    }

    /** The person's text for a file of a proposal. */
    edit(id: number, path: string, text: string): void {
        const file = this.find(id).proposal.files.find((one) => one.path === path);
        if (!file) throw new DecisionError(`that proposal does not change ${path}`);
        file.text = text;
    }

    accept(id: number): Promise<void> {
        return this.once(id, async (one) => {
            const { files, options } = one.proposal;
            for (const file of files) {
                if ((await this.world.present(file.path)) !== file.before) {
                    throw new DecisionError(`${file.path} was changed after the proposal came: reject it, and the agent will read the file again`);
                }
            }
            if (files.every((file) => file.text === file.newText)) return { option: optionOf(options, ['allow_once']) };
            // The old text of a diff may be a part of the file only; then the new one cannot stand for the whole.
            const part = files.find((file) => file.oldText !== file.before);
            if (part) throw new DecisionError(`the proposal shows only a part of ${part.path}: it can be accepted as it is, or rejected`);
            const option = optionOf(options, ['reject_once', 'reject_always']);
            for (const file of files) await this.world.write(file.path, file.text);
            const names = files.map((file) => file.path).join(', ');
            return { option, reason: `The person changed the proposed text and wrote it: ${names}. Read it again before going on.` };
        });
    }

    reject(id: number): Promise<void> {
        return this.once(id, async (one) => rejection(one.proposal.options, 'The person rejected this.'));
    }

    queue(id: number): Promise<void> {
        return this.once(id, async (one) => {
            const name = await this.world.queueForReview(one.proposal);
            return rejection(one.proposal.options, `The person queued this for review (${name}); go on without it.`);
        });
    }

    /** One of the agent's own answers, chosen by the person from the list. */
    choose(id: number, option: string): Promise<void> {
        return this.once(id, async (one) => {
            if (!one.proposal.options.some((known) => known.id === option)) throw new DecisionError('the agent does not offer that answer');
            return { option };
        });
    }

    cancelAll(): void {
        for (const one of [...this.waiting.values()]) one.settle('cancelled');
    }

    /** The proposal, or undefined once it has been answered. */
    proposal(id: number): Proposal | undefined {
        return this.waiting.get(id)?.proposal;
    }

    private find(id: number): Waiting {
        const one = this.waiting.get(id);
        if (!one) throw new DecisionError('that question has been answered already');
        return one;
    }

    /** A second click while the first is at work does nothing twice. */
    private async once(id: number, work: (one: Waiting) => Promise<Verdict>): Promise<void> {
        const one = this.find(id);
        if (one.busy) throw new DecisionError('that question is being answered already');
        one.busy = true;
        try {
            one.settle(await work(one));
        } finally {
            one.busy = false;
        }
    }
}

function rejection(options: readonly PermissionOption[], reason: string): Verdict {
    return { option: optionOf(options, ['reject_once', 'reject_always']), reason };
}

/** The first offered kind of `wanted`. Allowing always is nothing that a button does. */
function optionOf(options: readonly PermissionOption[], wanted: readonly OptionKind[]): string {
    for (const kind of wanted) {
        const found = options.find((option) => option.kind === kind);
        if (found) return found.id;
    }
    throw new DecisionError(`the agent does not offer that answer (${wanted.join(', ')})`);
}
