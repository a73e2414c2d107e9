// JSON-RPC 2.0, one message a line, both sides may ask. What is not a message of that kind ends the connection: with a program
// that we started there is nothing to guess.

import type { Readable, Writable } from 'node:stream';
import { readLines } from './lines';
import { type Fields, isFields } from './wire';

export class RpcError extends Error {
    constructor(readonly code: number, message: string) {
        super(message);
    }
}

export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;

export interface RpcHandler {
    /** Answers a question of the other side; an RpcError becomes its error. `signal` fires when it is taken back. */
    request(method: string, params: unknown, signal: AbortSignal): Promise<unknown>;
    notification(method: string, params: unknown): void;
}

const MOST_LINE = 16 << 20;
const MOST_WAITING = 64;

interface Waiting {
    resolve(value: unknown): void;
    reject(error: Error): void;
}

export class RpcPeer {
    private readonly waiting = new Map<number, Waiting>();
    private next = 1;
    private readonly answering = new Map<unknown, AbortController>();
    private closed: Error | undefined;

    constructor(input: Readable, private readonly output: Writable, private readonly handler: RpcHandler, private readonly onEnd: (error: Error) => void) {
        readLines(input, MOST_LINE, {
            line: (text) => this.line(text),
            end: (error) => this.close(error ?? new Error('the agent closed its output')),
        });
    }

    request(method: string, params: unknown): Promise<unknown> {
        if (this.closed) return Promise.reject(this.closed);
        if (this.waiting.size >= MOST_WAITING) return Promise.reject(new Error('too many questions wait for the agent'));
        const id = this.next++;
        return new Promise((resolve, reject) => {
            this.waiting.set(id, { resolve, reject });
            this.send({ id, method, params });
        });
    }

    notify(method: string, params: unknown): void {
        if (!this.closed) this.send({ method, params });
    }

    close(error: Error): void {
        if (this.closed) return;
        this.closed = error;
        for (const one of this.waiting.values()) one.reject(error);
        this.waiting.clear();
        for (const one of this.answering.values()) one.abort();
        this.onEnd(error);
    }

    private send(message: Fields): void {
        this.output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    }

    private line(text: string): void {
        if (this.closed || text.trim() === '') return;
        let message: unknown;
        try {
            message = JSON.parse(text);
        } catch {
            message = undefined;
        }
        if (!isFields(message) || message['jsonrpc'] !== '2.0') {
            this.close(new Error('the agent wrote something that is no JSON-RPC message'));
        } else if (typeof message['method'] === 'string') {
            this.called(message['method'], message);
        } else {
            this.answered(message);
        }
    }

    private called(method: string, message: Fields): void {
        const { id, params } = message;
        if (id === undefined) {
            if (method === '$/cancel_request' && isFields(params)) this.answering.get(params['requestId'])?.abort();
            else this.handler.notification(method, params);
        } else if (this.answering.size >= MOST_WAITING || this.answering.has(id)) {
            this.send({ id, error: { code: INTERNAL_ERROR, message: 'too many questions at once' } });
        } else {
            void this.answer(id, method, params);
        }
    }

    private async answer(id: unknown, method: string, params: unknown): Promise<void> {
        const cancel = new AbortController();
        this.answering.set(id, cancel);
        try {
            const result = await this.handler.request(method, params, cancel.signal);
            if (!this.closed) this.send({ id, result: result ?? null });
        } catch (error) {
            const code = error instanceof RpcError ? error.code : INTERNAL_ERROR;
            if (!this.closed) this.send({ id, error: { code, message: (error as Error).message } });
        } finally {
            this.answering.delete(id);
        }
    }

    private answered(message: Fields): void {
        const id = message['id'];
        const one = typeof id === 'number' ? this.waiting.get(id) : undefined;
        if (!one) return; // an answer to nothing that we asked
        this.waiting.delete(id as number);
        const error = message['error'];
        if (isFields(error)) {
            one.reject(new RpcError(typeof error['code'] === 'number' ? error['code'] : 0, String(error['message'] ?? 'the agent refused')));
        } else {
            one.resolve(message['result']);
        }
    }
}
