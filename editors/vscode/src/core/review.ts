// Puts a proposal into the review queue with `edgecoder review queue`, which packs the question and sends nothing.

import { relative } from 'node:path';
import { Child, type ChildPlan } from './child';
import type { Proposal } from './decisions';
import { isFields } from './wire';

export class ReviewError extends Error {}

const MOST_PROPOSED = 32_000;
const MOST_OUTPUT = 1 << 20;
const LIMIT_MS = 60_000;

/** The arguments. Every text of somebody else stands behind "=", so that none is taken for an option. */
export function queueArguments(root: string, task: string, proposal: Proposal): string[] {
    const shown = proposal.files.filter((file) => file.before !== undefined).map((file) => `--file=${relative(root, file.path)}`);
    return ['review', 'queue', '--json', `--dir=${root}`, '--why=asked', `--task=${question(root, task, proposal)}`, ...shown];
}

/** Runs it and says which review it became. */
export async function queueReview(plan: Omit<ChildPlan, 'args'>, root: string, task: string, proposal: Proposal): Promise<string> {
    const child = new Child({ ...plan, args: queueArguments(root, task, proposal) }, false);
    const timer = setTimeout(() => void child.stop(), LIMIT_MS);
    let text = '';
    child.output?.setEncoding('utf8').on('data', (piece: string) => {
        if (text.length < MOST_OUTPUT) text += piece;
    });
    await child.ended;
    clearTimeout(timer);
    const answer = parsed(text);
    if (isFields(answer) && typeof answer['id'] === 'number') return `review ${answer['id']}`;
    const reason = isFields(answer) && typeof answer['reason'] === 'string' ? answer['reason'] : child.lastWords;
    throw new ReviewError(`the proposal was not queued: ${reason}`);
}

function question(root: string, task: string, proposal: Proposal): string {
    let room = MOST_PROPOSED;
    const parts = [task, `A change was proposed (${proposal.title}) and the person wants it reviewed:`];
    for (const file of proposal.files) {
        const text = file.text.length <= room ? file.text : `${file.text.slice(0, room)}\n[cut here]\n`;
        room = Math.max(0, room - text.length);
        parts.push(`Proposed text of ${relative(root, file.path)}:\n${text}`);
    }
    return parts.join('\n\n').replaceAll('\0', '');
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return undefined;
    }
}
