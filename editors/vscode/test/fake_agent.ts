// TEST DOUBLE: an agent without a model, on the official agent side of the protocol's TypeScript library. What it does is what
// the prompt says: "VERB REST".

import { Readable, Writable } from 'node:stream';
import { RequestError, type RequestPermissionResponse, agent, methods, ndJsonStream } from '@agentclientprotocol/sdk';

const SESSION = 'session-1';
let cancelled: () => void = () => undefined;
let cwd = '';

const options = [
    { optionId: 'always', name: 'Always', kind: 'allow_always' as const },
    { optionId: 'yes', name: 'Write it', kind: 'allow_once' as const },
    { optionId: 'no', name: 'Leave it', kind: 'reject_once' as const },
];

const app = agent({ name: 'fake' })
    .onRequest(methods.agent.initialize, ({ params }) => {
        if (!params.clientCapabilities?.fs?.readTextFile) throw new Error('the client cannot read');
        return { protocolVersion: process.argv.includes('--old') ? 0 : 1, agentCapabilities: {} };
    })
    .onRequest(methods.agent.session.new, ({ params }) => {
        cwd = params.cwd;
        return { sessionId: SESSION };
    })
    .onNotification(methods.agent.session.cancel, () => cancelled())
    .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
        const first = params.prompt[0];
        const [verb, ...rest] = (first?.type === 'text' ? first.text : '').split(' ');
        const say = (text: string) =>
            client.notify(methods.client.session.update, { sessionId: SESSION, update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } } });
        const path = rest[0]?.startsWith('/') ? rest[0] : `${cwd}/${rest[0]}`;
        switch (verb) {
            case 'read':
                await say((await client.request(methods.client.fs.readTextFile, { sessionId: SESSION, path, ...(rest[1] && { line: Number(rest[1]), limit: 1 }) })).content);
                break;
            case 'write':
                await client.request(methods.client.fs.writeTextFile, { sessionId: SESSION, path, content: 'written\n' });
                break;
            case 'propose': {
                const before = await client.request(methods.client.fs.readTextFile, { sessionId: SESSION, path }).then((answer) => answer.content, () => null);
                const after = `${before ?? ''}proposed\n`;
                const call = { toolCallId: 'call-1', title: `Change ${rest[0]}`, kind: 'edit' as const, content: [{ type: 'diff' as const, path, oldText: before, newText: after }] };
                const plan = (status: 'in_progress' | 'completed') => [
                    { content: 'Read the file', priority: 'medium' as const, status: 'completed' as const },
                    { content: 'Change it', priority: 'high' as const, status },
                ];
                await client.notify(methods.client.session.update, { sessionId: SESSION, update: { sessionUpdate: 'plan', entries: plan('in_progress') } });
                await client.notify(methods.client.session.update, { sessionId: SESSION, update: { sessionUpdate: 'tool_call', status: 'pending', ...call } });
                const answer: RequestPermissionResponse = await client.request(methods.client.session.requestPermission, { sessionId: SESSION, toolCall: call, options });
                if (answer.outcome.outcome === 'cancelled') return { stopReason: 'cancelled' };
                if (answer.outcome.optionId === 'yes') await client.request(methods.client.fs.writeTextFile, { sessionId: SESSION, path, content: after });
                await client.notify(methods.client.session.update, { sessionId: SESSION, update: { sessionUpdate: 'tool_call_update', toolCallId: 'call-1', status: 'completed' } });
                await client.notify(methods.client.session.update, { sessionId: SESSION, update: { sessionUpdate: 'plan', entries: plan('completed') } });
                await say(`answered ${answer.outcome.optionId}${answer._meta ? `: ${String(answer._meta['reason'])}` : ''}`);
                break;
            }
            case 'ask': {
                const answer: RequestPermissionResponse = await client.request(methods.client.session.requestPermission, { sessionId: SESSION, toolCall: { toolCallId: 'call-2', title: 'Run \u001b[31mmake\u202e' }, options });
                await say(answer.outcome.outcome === 'selected' ? `answered ${answer.outcome.optionId}` : 'cancelled');
                break;
            }
            case 'takeback': {
                const taken = new AbortController();
                const asking = client.request(methods.client.session.requestPermission, { sessionId: SESSION, toolCall: { toolCallId: 'call-3', title: 'Never mind' }, options }, { cancellationSignal: taken.signal });
                taken.abort();
                await asking.catch(() => undefined);
                break;
            }
            case 'pid':
                await say(String(process.pid));
                break;
            case 'echo':
                await say(params.prompt.map((block) => (block.type === 'text' ? block.text : '')).join('|'));
                break;
            case 'terminal':
                await client.request(methods.client.terminal.create, { sessionId: SESSION, command: 'true' }).then(() => say('made'), () => say('refused'));
                break;
            case 'hang':
                await say('waiting');
                await new Promise<void>((resolve) => (cancelled = resolve));
                return { stopReason: 'cancelled' };
            case 'garbage':
                process.stdout.write('this is not a message\n');
                await new Promise(() => undefined);
                break;
            case 'fail':
                throw new RequestError(-32603, `no luck ${rest.join(' ')}`);
            case 'die':
                process.stderr.write('out of luck\n');
                process.exit(7);
        }
        return { stopReason: 'end_turn' };
    });

app.connect(ndJsonStream(Writable.toWeb(process.stdout) as WritableStream<Uint8Array>, Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>));
