// The messages of the Agent Client Protocol, version 1, that we read: https://agentclientprotocol.com/protocol/v1. Kinds that
// are not known are passed over, as the protocol asks; known ones with a wrong shape are a WireError.

import { type Fields, fieldsOf, isFields, listOf, maybeCount, maybeText, textOf } from './wire';

export type PlanStatus = 'pending' | 'in_progress' | 'completed';

export interface PlanEntry {
    readonly content: string;
    readonly status: PlanStatus;
}

export interface Diff {
    readonly path: string; // absolute
    readonly oldText: string | undefined; // undefined: a new file
    readonly newText: string;
}

/** What is said about a tool call; undefined leaves what was said before. */
export interface ToolCall {
    readonly id: string;
    readonly title: string | undefined;
    readonly kind: string | undefined;
    readonly status: string | undefined;
    readonly diffs: readonly Diff[] | undefined;
    readonly output: string | undefined;
}

export type Update =
    | { readonly is: 'plan'; readonly entries: readonly PlanEntry[] }
    | { readonly is: 'text'; readonly text: string }
    | { readonly is: 'tool'; readonly call: ToolCall }
    | { readonly is: 'other' };

export type OptionKind = 'allow_once' | 'allow_always' | 'reject_once' | 'reject_always';

export interface PermissionOption {
    readonly id: string;
    readonly name: string;
    readonly kind: OptionKind;
}

export interface PermissionQuestion {
    readonly session: string;
    readonly call: ToolCall;
    readonly options: readonly PermissionOption[];
}

export interface ReadQuestion {
    readonly path: string;
    readonly line: number | undefined; // from 1
    readonly limit: number | undefined;
}

export interface WriteQuestion {
    readonly path: string;
    readonly content: string;
}

const MOST_ENTRIES = 1000;

export function parseUpdate(params: unknown): { session: string; update: Update } {
    const fields = fieldsOf(params, 'session/update');
    const session = textOf(fields, 'sessionId', 'session/update');
    return { session, update: updateOf(fieldsOf(fields['update'], 'update')) };
}

function updateOf(fields: Fields): Update {
    switch (textOf(fields, 'sessionUpdate', 'update')) {
        case 'plan':
            return { is: 'plan', entries: listOf(fields, 'entries', 'plan', MOST_ENTRIES).map(planEntry) };
        case 'agent_message_chunk':
            return { is: 'text', text: blockText(fields['content']) };
        case 'tool_call':
        case 'tool_call_update':
            return { is: 'tool', call: toolCall(fields) };
        default:
            return { is: 'other' };
    }
}

function planEntry(value: unknown): PlanEntry {
    const fields = fieldsOf(value, 'plan entry');
    const status = fields['status'];
    return {
        content: textOf(fields, 'content', 'plan entry'),
        status: status === 'completed' || status === 'in_progress' ? status : 'pending',
    };
}

/** The text of a content block; what is no text has none. */
function blockText(value: unknown): string {
    return isFields(value) && value['type'] === 'text' ? (maybeText(value, 'text') ?? '') : '';
}

function toolCall(fields: Fields): ToolCall {
    const content = Array.isArray(fields['content']) ? listOf(fields, 'content', 'tool call', MOST_ENTRIES).map((one) => fieldsOf(one, 'tool content')) : undefined;
    return {
        id: textOf(fields, 'toolCallId', 'tool call'),
        title: maybeText(fields, 'title'),
        kind: maybeText(fields, 'kind'),
        status: maybeText(fields, 'status'),
        diffs: content?.filter((one) => one['type'] === 'diff').map(diff),
        output: content
            ?.filter((one) => one['type'] === 'content')
            .map((one) => blockText(one['content']))
            .join('\n'),
    };
}

function diff(fields: Fields): Diff {
    return { path: textOf(fields, 'path', 'diff'), oldText: maybeText(fields, 'oldText'), newText: textOf(fields, 'newText', 'diff') };
}

const KINDS: readonly string[] = ['allow_once', 'allow_always', 'reject_once', 'reject_always'];

export function parsePermission(params: unknown): PermissionQuestion {
    const fields = fieldsOf(params, 'permission');
    const options = listOf(fields, 'options', 'permission', 32).map((one): PermissionOption => {
        const option = fieldsOf(one, 'option');
        const kind = textOf(option, 'kind', 'option');
        // An unknown kind is taken for the one that grants most, so that it is never chosen for a person.
        return { id: textOf(option, 'optionId', 'option'), name: textOf(option, 'name', 'option'), kind: (KINDS.includes(kind) ? kind : 'allow_always') as OptionKind };
    });
    return { session: textOf(fields, 'sessionId', 'permission'), call: toolCall(fieldsOf(fields['toolCall'], 'tool call')), options };
}

export function parseRead(params: unknown): ReadQuestion {
    const fields = fieldsOf(params, 'fs/read_text_file');
    return {
        path: textOf(fields, 'path', 'fs/read_text_file'),
        line: maybeCount(fields, 'line', 'fs/read_text_file'),
        limit: maybeCount(fields, 'limit', 'fs/read_text_file'),
    };
}

export function parseWrite(params: unknown): WriteQuestion {
    const fields = fieldsOf(params, 'fs/write_text_file');
    return { path: textOf(fields, 'path', 'fs/write_text_file'), content: textOf(fields, 'content', 'fs/write_text_file') };
}
