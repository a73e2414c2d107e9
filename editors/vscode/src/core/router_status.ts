// Where answers are made: /v1/router/status, the x-edgecoder-route header, and what the status bar says of them.

import { fieldsOf, isFields, maybeText, safeLine } from './wire';

export type Place = 'local' | 'mesh' | 'remote' | 'unknown';

export interface RouterStatus {
    readonly model: string; // the one that answers when none is named; empty: there is none
    readonly place: Place;
    readonly host: string; // of a remote one
}

export function parseRouterStatus(body: unknown): RouterStatus {
    const fields = fieldsOf(body, 'router status');
    const chosen = isFields(fields['default']) ? fields['default'] : fields;
    return { model: maybeText(chosen, 'model') ?? '', place: placeOf(maybeText(chosen, 'where') ?? ''), host: maybeText(chosen, 'host') ?? '' };
}

/** The first word of the header. Anything that is not known counts as unknown, never as local. */
export function placeOf(route: string): Place {
    const word = /^\s*([a-z]+)/.exec(route)?.[1];
    return word === 'local' || word === 'mesh' || word === 'remote' ? word : 'unknown';
}

export type EndpointState =
    | { readonly is: 'off' }
    | { readonly is: 'starting' }
    | { readonly is: 'failed'; readonly why: string }
    | { readonly is: 'on'; readonly status: RouterStatus; readonly ours: boolean };

export interface StatusText {
    readonly text: string;
    readonly detail: string;
    /** To be shown as a warning: something leaves, or may leave, this machine. */
    readonly loud: boolean;
}

export function statusText(state: EndpointState): StatusText {
    switch (state.is) {
        case 'off':
            return { text: '$(circle-slash) EdgeCoder', detail: 'The endpoint does not run. Click to start it.', loud: false };
        case 'starting':
            return { text: '$(sync~spin) EdgeCoder', detail: 'The endpoint is being started.', loud: false };
        case 'failed':
            return { text: '$(error) EdgeCoder', detail: safeLine(state.why, 500), loud: false };
        case 'on': {
            const model = safeLine(state.status.model, 40) || 'no model';
            const whose = state.ours ? 'started by this window' : 'was running already';
            if (state.status.place === 'local') return { text: `$(check) ${model} · local`, detail: `Answers are made on this machine. The endpoint ${whose}.`, loud: false };
            if (state.status.place === 'unknown' && state.status.model === '') return { text: `$(check) EdgeCoder · ${model}`, detail: `The endpoint ${whose}.`, loud: false };
            const host = safeLine(state.status.host, 60);
            const where = state.status.place === 'mesh' ? 'MESH' : state.status.place === 'remote' ? `REMOTE${host && `: ${host}`}` : 'PLACE UNKNOWN';
            return { text: `$(warning) ${model} · ${where}`, detail: `Text of this workspace leaves this machine (${where}). The endpoint ${whose}.`, loud: true };
        }
    }
}
