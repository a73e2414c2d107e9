// Where answers are made: /v1/router/status, the x-edgecoder-route header, and what the status bar says of them.

import { fieldsOf, maybeText, safeLine } from './wire';

export type Place = 'local' | 'mesh' | 'remote' | 'unknown';

export interface RouterStatus {
    readonly model: string; // the one that answers when none is named; empty: there is none
    readonly place: Place;
    readonly why: string; // the endpoint's words: why there, or why none
}

export function parseRouterStatus(body: unknown): RouterStatus {
    const chosen = fieldsOf(fieldsOf(body, 'router status')['default'], 'router status.default');
    const route = maybeText(chosen, 'route') ?? '';
    return { model: maybeText(chosen, 'model') ?? '', place: placeOf(route), why: maybeText(chosen, 'why') ?? whyOf(route) };
}

function whyOf(route: string): string {
    return /\bwhy="([^"]*)"/.exec(route)?.[1] ?? '';
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
        case 'on':
            return answering(state.status, `The endpoint ${state.ours ? 'was started by this window' : 'was running already'}.`);
    }
}

function answering(status: RouterStatus, whose: string): StatusText {
    const why = status.why === '' ? '' : ` (${safeLine(status.why)})`;
    if (status.model === '') return { text: '$(check) EdgeCoder · no model', detail: `No model is chosen${why}. ${whose}`, loud: false };
    const model = safeLine(status.model, 40);
    if (status.place === 'local') return { text: `$(check) ${model} · local`, detail: `${model} answers on this machine${why}. ${whose}`, loud: false };
    const where = { mesh: 'MESH', remote: 'REMOTE', unknown: 'PLACE UNKNOWN' }[status.place];
    return { text: `$(warning) ${model} · ${where}`, detail: `Text of this workspace leaves this machine: ${where}, ${model}${why}. ${whose}`, loud: true };
}
