// One request to the endpoint, with a deadline, a bound on what comes back, and a signal that ends it at once (the connection
// is closed, which tells the endpoint to stop working for us).

import { Agent, request } from 'node:http';
import type { Address } from './address';

export class EndpointError extends Error {
    /** `status`: the answer's, or undefined where nothing answered. */
    constructor(message: string, readonly status?: number) {
        super(message);
    }
}

export interface Answer {
    readonly status: number;
    readonly route: string; // x-edgecoder-route, empty where there is none
    readonly body: unknown; // parsed JSON, or undefined
}

export interface Question {
    readonly path: string;
    readonly token?: string;
    readonly workspace?: string;
    readonly body?: unknown; // sent with POST as JSON; without one it is a GET
    readonly signal?: AbortSignal;
    readonly deadlineMs?: number;
}

const MOST_BYTES = 4 << 20;

/** An agent of our own: one connection is kept, and no proxy comes in between. */
export function ownAgent(): Agent {
    return new Agent({ keepAlive: true, maxSockets: 4, timeout: 60_000 });
}

export function ask(agent: Agent, address: Address, question: Question): Promise<Answer> {
    return attempt(agent, address, question, true);
}

/** `again`: once more where a kept connection turned out to be closed at the other end, as after a restart. */
function attempt(agent: Agent, address: Address, question: Question, again: boolean): Promise<Answer> {
    const text = question.body === undefined ? undefined : Buffer.from(JSON.stringify(question.body));
    const deadline = AbortSignal.timeout(question.deadlineMs ?? 5000);
    const signal = question.signal ? AbortSignal.any([question.signal, deadline]) : deadline;
    return new Promise((resolve, reject) => {
        const failed = (error: Error) => {
            if (again && sent.reusedSocket && !signal.aborted && (error as NodeJS.ErrnoException).code === 'ECONNRESET') resolve(attempt(agent, address, question, false));
            else if (question.signal?.aborted) reject(question.signal.reason instanceof Error ? question.signal.reason : error);
            else if (deadline.aborted) reject(new EndpointError(`${address.url} did not answer in time`));
            else reject(new EndpointError(`nothing answers at ${address.url}: ${(error as NodeJS.ErrnoException).code ?? error.message}`));
        };
        const sent = request(
            {
                agent, signal, host: address.host, port: address.port, path: question.path, method: text ? 'POST' : 'GET',
                headers: {
                    accept: 'application/json',
                    ...(text && { 'content-type': 'application/json', 'content-length': text.length }),
                    ...(question.token && { authorization: `Bearer ${question.token}` }),
                    ...(question.workspace && { 'x-edgecoder-workspace': headerBytes(question.workspace) }),
                },
            },
            (answer) => {
                const pieces: Buffer[] = [];
                let size = 0;
                answer.on('data', (piece: Buffer) => {
                    size += piece.length;
                    if (size > MOST_BYTES) answer.destroy(new Error('the answer is too long'));
                    else pieces.push(piece);
                });
                answer.on('error', failed);
                answer.on('end', () => {
                    const route = answer.headers['x-edgecoder-route'];
                    resolve({ status: answer.statusCode ?? 0, route: typeof route === 'string' ? route : '', body: parsed(Buffer.concat(pieces)) });
                });
            },
        );
        sent.on('error', failed);
        sent.end(text);
    });
}

/** A path goes as its UTF-8 bytes, which Node writes one by one when they look like Latin-1. */
function headerBytes(path: string): string {
    return Buffer.from(path, 'utf8').toString('latin1');
}

function parsed(bytes: Buffer): unknown {
    try {
        return JSON.parse(bytes.toString('utf8')) as unknown;
    } catch {
        return undefined;
    }
}
