// What another program sent becomes typed values here and in the parse functions that use this: a wrong shape is a WireError
// that names the field, never an undefined that travels on.

export class WireError extends Error {}

export type Fields = Record<string, unknown>;

export function isFields(value: unknown): value is Fields {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown, where: string): Fields {
    if (!isFields(value)) throw new WireError(`${where} is not an object`);
    return value;
}

export function textOf(fields: Fields, name: string, where: string): string {
    const value = fields[name];
    if (typeof value !== 'string') throw new WireError(`${where}.${name} is not a text`);
    return value;
}

/** Undefined where the field is missing, null or something else than a text. */
export function maybeText(fields: Fields, name: string): string | undefined {
    const value = fields[name];
    return typeof value === 'string' ? value : undefined;
}

export function maybeCount(fields: Fields, name: string, where: string): number | undefined {
    const value = fields[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
        throw new WireError(`${where}.${name} is not a count`);
    }
    return value;
}

export function listOf(fields: Fields, name: string, where: string, most: number): unknown[] {
    const value = fields[name];
    if (!Array.isArray(value)) throw new WireError(`${where}.${name} is not a list`);
    if (value.length > most) throw new WireError(`${where}.${name} has more than ${most} entries`);
    return value;
}

/** One line for a person: no control characters, no bidirectional overrides or invisible characters, not too long. */
export function safeLine(text: string, most = 200): string {
    const line = text
        .slice(0, most * 4)
        .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
        .replace(/[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '\ufffd')
        .trim();
    return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

/** As safeLine(), for a notification: VS Code makes links of [words](command:…), and what an agent says is no place for one. */
export function forMessage(text: string, most = 500): string {
    return safeLine(text, most).replace(/\](?=\()/g, '] ');
}
