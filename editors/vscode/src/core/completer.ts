// When a completion is asked for: a moment after the last key, one at a time, an older one ended as soon as a newer comes, and
// none while a person types what was offered. After a failure there is a pause, so that a missing endpoint costs nothing.

import { type Cursor, shownCompletion } from './infill';

export interface CompleterWorld {
    /** Sends the request; a signal that fires must end it. */
    infill(cursor: Cursor, signal: AbortSignal): Promise<string>;
    now(): number;
    /** Fulfilled after that time, or rejected when the signal fires. */
    wait(milliseconds: number, signal: AbortSignal): Promise<void>;
    failed(error: Error): void;
}

const PAUSE_MS = 5000;

interface Offered {
    readonly file: string;
    readonly head: string; // the text up to the cursor
    readonly tail: string;
    readonly text: string;
}

export class Completer {
    private running: AbortController | undefined;
    private offered: Offered | undefined;
    private quietUntil = 0;

    constructor(private readonly world: CompleterWorld) {}

    /** The text to offer at the cursor; empty for none. Never rejected. */
    async complete(cursor: Cursor, delayMs: number, outer?: AbortSignal): Promise<string> {
        this.running?.abort();
        const again = this.fromOffered(cursor);
        if (again !== undefined) return again;
        if (this.world.now() < this.quietUntil) return '';
        const own = new AbortController();
        this.running = own;
        const signal = outer ? AbortSignal.any([own.signal, outer]) : own.signal;
        try {
            await this.world.wait(delayMs, signal);
            const text = shownCompletion(cursor, await this.world.infill(cursor, signal));
            if (signal.aborted) return '';
            this.offered = { file: cursor.file, head: cursor.text.slice(0, cursor.offset), tail: cursor.text.slice(cursor.offset), text };
            return text;
        } catch (error) {
            if (signal.aborted) return '';
            this.quietUntil = this.world.now() + PAUSE_MS;
            this.world.failed(error as Error);
            return '';
        } finally {
            if (this.running === own) this.running = undefined;
        }
    }

    /** Ends what runs. */
    stop(): void {
        this.running?.abort();
    }

    /** What is left of the last offer where the person has typed its beginning; undefined where it does not fit. */
    private fromOffered(cursor: Cursor): string | undefined {
        const last = this.offered;
        if (!last || last.file !== cursor.file || last.tail !== cursor.text.slice(cursor.offset)) return undefined;
        const head = cursor.text.slice(0, cursor.offset);
        if (!head.startsWith(last.head)) return undefined;
        const typed = head.slice(last.head.length);
        if (!last.text.startsWith(typed) || (typed !== '' && typed === last.text)) return undefined;
        return last.text.slice(typed.length);
    }
}

export function waitFor(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const timer = setTimeout(() => {
            signal.removeEventListener('abort', stop);
            resolve();
        }, milliseconds);
        const stop = () => {
            clearTimeout(timer);
            reject(signal.reason as Error);
        };
        signal.addEventListener('abort', stop, { once: true });
    });
}
