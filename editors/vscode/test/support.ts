// What several tests need: folders that go away, programs that are scripts, a fake endpoint, and waiting without sleeping.

import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

const folders: string[] = [];

// Hooks of a test run in the order in which they were named, so one that removed a folder would run before those that
// end the programs which still write there.
process.once('exit', () => {
    for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});

/** A new folder, which is there until this process ends. */
export function folder(): string {
    const path = realpathSync(mkdtempSync(join(tmpdir(), 'ec-vscode-')));
    folders.push(path);
    return path;
}

export function put(path: string, text: string, mode = 0o644): string {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
}

/** An executable that is a Node script, or runs one that exists. */
export function script(path: string, body: string): string {
    return put(path, `#!${process.execPath}\n${body}`, 0o755);
}

/** FOLDER/edgecoder: the fake agent for `acp`, and `review queue` answered with what it was called with. */
export function fakeEdgecoder(place: string): string {
    script(
        join(place, 'edgecoder'),
        `if (process.argv[2] === 'acp') import(${JSON.stringify(join(__dirname, 'fake_agent.mjs'))});
         else if (process.argv[2] === 'review') {
             require('fs').writeFileSync(${JSON.stringify(join(place, 'review.json'))}, JSON.stringify(process.argv.slice(2)));
             console.log(JSON.stringify({ id: 7, state: 'queued', status: 'ok' }));
         }`,
    );
    return place;
}

export interface Seen {
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
}

export interface FakeEndpoint {
    readonly url: string;
    readonly port: number;
    readonly seen: Seen[];
    /** How many requests ended because the client went away. */
    gone: number;
}

export type Reply = (seen: Seen, answer: ServerResponse) => void;

export async function fakeEndpoint(t: Pick<TestContext, 'after'>, reply: Reply = defaultReply): Promise<FakeEndpoint> {
    const fake: { url: string; port: number; seen: Seen[]; gone: number } = { url: '', port: 0, seen: [], gone: 0 };
    const server = createServer((question, answer) => {
        const pieces: Buffer[] = [];
        question.on('data', (piece: Buffer) => pieces.push(piece));
        question.on('end', () => {
            const seen = { path: question.url ?? '', headers: question.headers, body: Buffer.concat(pieces).toString() };
            fake.seen.push(seen);
            reply(seen, answer);
        });
        answer.on('close', () => {
            if (!answer.writableFinished) fake.gone++;
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    fake.port = (server.address() as AddressInfo).port;
    fake.url = `http://127.0.0.1:${fake.port}`;
    t.after(() => {
        server.closeAllConnections();
        server.close();
    });
    return fake;
}

/** A port that nothing holds just now. */
export function freePort(): Promise<number> {
    return new Promise((resolve) => {
        const server = createServer().listen(0, '127.0.0.1', () => {
            const { port } = server.address() as AddressInfo;
            server.close(() => resolve(port));
        });
    });
}

export const TOKEN = 'test-token-0123456789';

export function json(answer: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
    answer.writeHead(status, { 'content-type': 'application/json', ...headers });
    answer.end(JSON.stringify(body));
}

export const defaultReply: Reply = (seen, answer) => {
    if (seen.path === '/readyz') json(answer, 200, {});
    else if (seen.headers.authorization !== `Bearer ${TOKEN}`) json(answer, 401, { title: 'Unauthorized', detail: 'the token is wrong' });
    else if (seen.path === '/v1/router/status') json(answer, 200, { default: { model: 'tiny', route: 'local; model=tiny; why="the default model"' } });
    else if (seen.path === '/infill') json(answer, 200, { content: 'return a + b' }, { 'x-edgecoder-route': 'local' });
    else json(answer, 404, { title: 'Not Found' });
};

/** Polls until it holds; fails after half a minute, which is much even where everything else runs too. */
export async function until(holds: () => boolean, what: string): Promise<void> {
    const end = Date.now() + 30_000;
    while (!holds()) {
        if (Date.now() > end) throw new Error(`in vain: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}
