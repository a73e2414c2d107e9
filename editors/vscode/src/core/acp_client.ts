// Our side of the Agent Client Protocol with one `edgecoder acp`: starts it, opens a session in a workspace, sends prompts, and
// hands what the agent says and asks to an AgentListener.

import { Child, type ChildPlan } from './child';
import {
    type PermissionQuestion, type ReadQuestion, type Update, type WriteQuestion, parsePermission, parseRead, parseUpdate, parseWrite,
} from './acp_messages';
import { INVALID_PARAMS, METHOD_NOT_FOUND, RpcError, RpcPeer } from './json_rpc';
import { WireError, fieldsOf, isFields, textOf } from './wire';

export class AgentError extends Error {}

/** How a question for permission was answered; `reason` goes along in `_meta` for an agent that reads it. */
export type Verdict = { readonly option: string; readonly reason?: string } | 'cancelled';

export interface AgentListener {
    updated(update: Update): void;
    /** `signal` fires when the agent takes the question back. */
    permission(question: PermissionQuestion, signal: AbortSignal): Promise<Verdict>;
    read(question: ReadQuestion): Promise<string>;
    write(question: WriteQuestion): Promise<void>;
    /** The agent is gone, with words for why. Not called after close(). */
    ended(why: string): void;
}

const VERSION = 1;
const OPEN_MS = 20_000;

export class AgentClient {
    private readonly child: Child;
    private readonly peer: RpcPeer;
    private session = '';
    private closing = false;

    /** Starts the program. Nothing is sent before open(). */
    constructor(plan: ChildPlan, private readonly listener: AgentListener) {
        this.child = new Child(plan, true);
        this.peer = new RpcPeer(
            this.child.output!, this.child.input!,
            { request: (method, params, signal) => this.asked(method, params, signal), notification: (method, params) => this.told(method, params) },
            (error) => void this.lost(error),
        );
    }

    async open(cwd: string, version: string): Promise<void> {
        await within(OPEN_MS, this.begin(cwd, version));
    }

    /** Runs one turn; the answer is its stop reason. */
    async prompt(texts: readonly string[]): Promise<string> {
        const answer = await this.ask('session/prompt', { sessionId: this.session, prompt: texts.map((text) => ({ type: 'text', text })) });
        return textOf(fieldsOf(answer, 'prompt answer'), 'stopReason', 'prompt answer');
    }

    /** Asks the agent to stop the turn; prompt() then ends with "cancelled". Questions that wait are the listener's to end. */
    cancel(): void {
        if (this.session !== '') this.peer.notify('session/cancel', { sessionId: this.session });
    }

    async close(): Promise<void> {
        this.closing = true;
        this.child.input?.end();
        this.peer.close(new AgentError('the agent was ended'));
        await this.child.stop();
    }

    private async begin(cwd: string, version: string): Promise<void> {
        const hello = fieldsOf(
            await this.ask('initialize', {
                protocolVersion: VERSION,
                clientCapabilities: { fs: { readTextFile: true, writeTextFile: true }, terminal: false },
                clientInfo: { name: 'edgecoder-vscode', title: 'EdgeCoder for VS Code', version },
            }),
            'initialize answer',
        );
        if (hello['protocolVersion'] !== VERSION) {
            throw new AgentError(`edgecoder acp speaks version ${String(hello['protocolVersion'])} of the protocol, this extension ${VERSION}`);
        }
        const session = fieldsOf(await this.ask('session/new', { cwd, mcpServers: [] }), 'session/new answer');
        this.session = textOf(session, 'sessionId', 'session/new answer');
    }

    /** A question to the agent. Where the agent is gone, its last words are the message. */
    private async ask(method: string, params: unknown): Promise<unknown> {
        try {
            return await this.peer.request(method, params);
        } catch (error) {
            if (error instanceof RpcError || error instanceof AgentError) throw error;
            await this.child.stop();
            throw new AgentError(`edgecoder acp: ${[(error as Error).message, this.child.lastWords].join('; ')}`);
        }
    }

    private told(method: string, params: unknown): void {
        if (method !== 'session/update') return;
        try {
            const { session, update } = parseUpdate(params);
            // Updates may come before the answer to session/new has been seen.
            if (this.session === '' || session === this.session) this.listener.updated(update);
        } catch (error) {
            if (!(error instanceof WireError)) throw error;
            this.peer.close(new AgentError(`the agent sent a wrong update: ${error.message}`));
        }
    }

    private async asked(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
        try {
            this.ownSession(params);
            switch (method) {
                case 'session/request_permission': {
                    const verdict = await this.listener.permission(parsePermission(params), signal);
                    if (verdict === 'cancelled') return { outcome: { outcome: 'cancelled' } };
                    const meta = verdict.reason === undefined ? {} : { _meta: { reason: verdict.reason } };
                    return { outcome: { outcome: 'selected', optionId: verdict.option }, ...meta };
                }
                case 'fs/read_text_file':
                    return { content: await this.listener.read(parseRead(params)) };
                case 'fs/write_text_file':
                    await this.listener.write(parseWrite(params));
                    return {};
                default:
                    throw new RpcError(METHOD_NOT_FOUND, `there is no method ${method}`);
            }
        } catch (error) {
            if (error instanceof WireError) throw new RpcError(INVALID_PARAMS, error.message);
            throw error;
        }
    }

    private ownSession(params: unknown): void {
        if (isFields(params) && 'sessionId' in params && params['sessionId'] !== this.session) {
            throw new RpcError(INVALID_PARAMS, 'that session is not open');
        }
    }

    private async lost(error: Error): Promise<void> {
        if (this.closing) return;
        this.closing = true;
        await this.child.stop();
        this.listener.ended([error.message, this.child.lastWords].filter((part) => part !== '').join('; '));
    }
}

function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new AgentError(`edgecoder acp did not answer within ${milliseconds / 1000} s`)), milliseconds);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
