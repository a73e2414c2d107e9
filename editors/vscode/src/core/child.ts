// A program that we started: never through a shell, told to end with SIGTERM, then SIGKILL, and only that one.

import { type ChildProcess, spawn } from 'node:child_process';

const GRACE_MS = 3000;

export interface ChildPlan {
    readonly program: string;
    readonly args: readonly string[];
    readonly cwd: string;
    readonly environment: Record<string, string | undefined>;
}

export class Child {
    /** Fulfilled once the program is gone, with words for how it ended; never rejected. */
    readonly ended: Promise<string>;
    private readonly process: ChildProcess;
    private words = '';
    private tail = '';
    private gone = false;

    constructor(plan: ChildPlan, withInput: boolean) {
        this.process = spawn(plan.program, [...plan.args], {
            cwd: plan.cwd, env: plan.environment, shell: false, windowsHide: true,
            stdio: [withInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
        });
        // Its last words, for a message when it ends before it should.
        this.process.stderr?.setEncoding('utf8').on('data', (piece: string) => (this.tail = (this.tail + piece).slice(-2000)));
        this.process.stdin?.on('error', () => undefined); // it went away: `ended` says so
        this.ended = new Promise((resolve) => {
            const finish = (words: string) => {
                this.gone = true;
                this.words = words;
                resolve(words);
            };
            this.process.once('error', (error) => finish(`could not be started: ${error.message}`));
            this.process.once('close', (code, signal) => finish(signal ? `was ended by ${signal}` : `ended with status ${code}`));
        });
    }

    get running(): boolean {
        return !this.gone;
    }

    get input() {
        return this.process.stdin;
    }

    get output() {
        return this.process.stdout;
    }

    /** How it ended and what it said last, in one text. */
    get lastWords(): string {
        return [this.words, this.tail.trim()].filter((part) => part !== '').join(': ');
    }

    async stop(): Promise<void> {
        if (this.gone) return;
        this.process.kill('SIGTERM');
        const timer = setTimeout(() => this.process.kill('SIGKILL'), GRACE_MS);
        await this.ended;
        clearTimeout(timer);
    }
}
