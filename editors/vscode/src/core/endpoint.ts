// The endpoint as a program asks it: who answers, and completions. The token is read from its file for every connection attempt
// and handed on, never kept.

import type { Agent } from 'node:http';
import type { Address } from './address';
import { EndpointError, ask, ownAgent } from './http';
import { type Cursor, infillBody, parseInfill } from './infill';
import { ownListener } from './listener';
import { type RouterStatus, parseRouterStatus } from './router_status';
import { isFields } from './wire';

export interface EndpointPlan {
    address(): Address;
    token(): Promise<string>;
}

export class Endpoint {
    readonly agent: Agent = ownAgent();

    constructor(private readonly plan: EndpointPlan) {}

    async status(): Promise<RouterStatus> {
        return parseRouterStatus((await this.ask('/v1/router/status')).body);
    }

    async infill(cursor: Cursor, extra: readonly { filename: string; text: string }[], workspace: string, signal: AbortSignal): Promise<{ text: string; route: string }> {
        const answer = await this.ask('/infill', { body: infillBody(cursor, extra), workspace, signal });
        return { text: parseInfill(answer.body), route: answer.route };
    }

    close(): void {
        this.agent.destroy();
    }

    private async ask(path: string, more: { body?: unknown; workspace?: string; signal?: AbortSignal } = {}) {
        const address = this.plan.address();
        if (!(await ownListener(address))) throw new EndpointError(`what listens at ${address.url} belongs to another user: nothing is sent there`);
        const answer = await ask(this.agent, address, { path, token: await this.plan.token(), deadlineMs: more.body === undefined ? 5000 : 15_000, ...more });
        if (answer.status !== 200) throw new EndpointError(problem(answer.status, answer.body), answer.status);
        return answer;
    }
}

/** The words of an application/problem+json (RFC 9457) or of an OpenAI-shaped error. */
function problem(status: number, body: unknown): string {
    const inner = isFields(body) && isFields(body['error']) ? body['error'] : body;
    for (const name of ['detail', 'message', 'title']) {
        if (isFields(inner) && typeof inner[name] === 'string') return `the endpoint says (${status}): ${inner[name]}`;
    }
    return `the endpoint answers with status ${status}`;
}
