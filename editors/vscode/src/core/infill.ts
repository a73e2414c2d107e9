// A completion at the cursor, as llama.cpp's server takes it at /infill
// (https://github.com/ggml-org/llama.cpp/tree/master/tools/server): what is asked and what of the answer is shown.

import { WireError, fieldsOf, textOf } from './wire';

export interface Cursor {
    readonly file: string; // relative to the workspace
    readonly text: string;
    readonly offset: number;
}

export interface InfillBody {
    readonly input_prefix: string;
    readonly input_suffix: string;
    readonly input_extra: readonly { filename: string; text: string }[];
    readonly prompt: string;
    readonly n_predict: number;
    readonly n_indent: number;
    readonly temperature: number;
    readonly t_max_predict_ms: number;
    readonly cache_prompt: true;
    readonly stream: false;
}

const PREFIX_LINES = 256;
const PREFIX_STEP = 64;
const SUFFIX_LINES = 64;
const MOST_CHARACTERS = 32_000;

export function infillBody(cursor: Cursor, extra: readonly { filename: string; text: string }[]): InfillBody {
    const before = cursor.text.slice(0, cursor.offset);
    const lines = before.split('\n');
    const line = lines.pop() ?? '';
    // The window moves in steps, so that typing a new line does not move its first line and with it everything behind.
    const first = Math.max(0, Math.ceil((lines.length - PREFIX_LINES) / PREFIX_STEP) * PREFIX_STEP);
    const above = lines.slice(first).map((one) => `${one}\n`).join('');
    const below = cursor.text.slice(cursor.offset).split('\n').slice(0, SUFFIX_LINES + 1).join('\n');
    return {
        input_prefix: above.slice(-MOST_CHARACTERS), prompt: line.slice(-MOST_CHARACTERS), input_suffix: below.slice(0, MOST_CHARACTERS),
        input_extra: extra, n_predict: 128, n_indent: /^[ \t]*/.exec(line)![0].length, temperature: 0, t_max_predict_ms: 1000,
        cache_prompt: true, stream: false,
    };
}

/** The text to show, or an empty one. Only the rest of the line where something stands behind the cursor. */
export function shownCompletion(cursor: Cursor, content: string): string {
    const behind = /^[^\n]*/.exec(cursor.text.slice(cursor.offset))![0].trimEnd();
    let text = content.replace(/\r\n?/g, '\n').replaceAll('\0', '');
    if (behind !== '') {
        text = text.split('\n')[0]!;
        if (text.endsWith(behind)) text = text.slice(0, -behind.length);
    }
    text = text.trimEnd();
    // What stands in the next line already is not offered a second time.
    const next = cursor.text.slice(cursor.offset).split('\n').slice(1).find((line) => line.trim() !== '');
    if (next !== undefined && text.trim() === next.trim()) return '';
    return text;
}

export function parseInfill(body: unknown): string {
    const fields = fieldsOf(body, '/infill');
    const content = textOf(fields, 'content', '/infill');
    if (content.length > 1 << 16) throw new WireError('/infill answered with too much');
    return content;
}
